import { expect, test } from "vitest";
import { pretty } from "./pretty";

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
