import { expect, test } from "vitest";
import { typed } from "./holds";

test("what is typed is what TOML would have", () => {
  expect(["true", " 4 ", "30 s", "-1", "4.5", "12345678901234567890"].map(typed)).toEqual([
    true,
    4,
    "30 s",
    "-1",
    "4.5",
    "12345678901234567890",
  ]);
});
