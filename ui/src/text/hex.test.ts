import { expect, test } from "vitest";
import { digits } from "./hex";

test("bytes are digits, however they came", () => {
  expect([digits("\u0000\u0001/a"), digits("0x00ff"), digits("0x"), digits("\u00e9")]).toEqual([
    "0x00012f61",
    "0x00ff",
    "0x",
    "0xc3a9",
  ]);
});
