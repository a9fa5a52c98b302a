import { expect, test } from "vitest";
import { filterText, tableOf, valuesOf } from "./filters";

test("a filter is written as its command takes it", () => {
  const where: [string, (string | number)[]][] = [
    ["customer", ["c1", "c2"]],
    ["zone", [4]],
  ];
  expect(filterText({ path: ["c", "default_database", "orders"], where })).toBe("customer=c1,c2 zone=4");
  expect(filterText({ path: ["c", "default_database", "orders"], where: [] })).toBe("every row");
  expect(tableOf({ path: ["c", "other", "orders"], where })).toBe("other.orders");
});

test.each([
  ["c1, c2,", "STRING", ["c1", "c2"]],
  ["1, x", "BIGINT", [1, "x"]],
  ["true,no", "BOOLEAN", [true, "no"]],
])("%s of a %s are %j", (text, type, values) => expect(valuesOf(text, type)).toEqual(values));
