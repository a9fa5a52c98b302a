import { expect, test } from "vitest";
import { digits, pretty } from "./pretty";

test("JSON stands on lines of its own, and says what it said", () => {
  expect(pretty('{"id":9007199254740993,"name":"a, {b}: \\"c\\"","tags":[1.50,true],"none":[],"sub":{}}')).toBe(
    `{
  "id": 9007199254740993,
  "name": "a, {b}: \\"c\\"",
  "tags": [
    1.50,
    true
  ],
  "none": [],
  "sub": {}
}`,
  );
});

test("what is no JSON is shown as it is", () => {
  for (const text of ["", "7", "{broken", "0x00ff", "[1, 2"]) expect(pretty(text)).toBe(text);
});

test("bytes are digits, however they came", () => {
  expect([digits("\u0000\u0001/a"), digits("0x00ff"), digits("0x"), digits("\u00e9")]).toEqual([
    "0x00012f61",
    "0x00ff",
    "0x",
    "0xc3a9",
  ]);
});
