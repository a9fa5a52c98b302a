import { expect, test } from "vitest";
import { csv, shown } from "./column";

test("a whole number of many digits is shown with all of them", () => {
  const id = { name: "id", label: "id", type: "BIGINT" };
  expect(shown(id, "-9007199254740993").replace(/\u202f/g, " ")).toBe("\u22129 007 199 254 740 993");
  expect(shown(id, 1234).replace(/\u202f/g, " ")).toBe("1 234");
});

test("a file for a spreadsheet has no formulas, and numbers as they are", () => {
  const columns = [
    { name: "=name", label: "name", type: "STRING" },
    { name: "amount", label: "amount", type: "DECIMAL(10, 2)" },
    { name: "n", label: "n", type: "BIGINT" },
  ];
  const rows = ["=1+1", "+2", "-3", "@SUM(A1)", "\tx", "a=b", "a,b"].map((name) => ({
    "=name": name,
    amount: "-2.50",
    n: -1,
  }));
  expect(csv(columns, rows).split("\r\n")).toEqual([
    "'=name,amount,n",
    "'=1+1,-2.50,-1",
    "'+2,-2.50,-1",
    "'-3,-2.50,-1",
    "'@SUM(A1),-2.50,-1",
    "'\tx,-2.50,-1",
    "a=b,-2.50,-1",
    '"a,b",-2.50,-1',
    "",
  ]);
});
