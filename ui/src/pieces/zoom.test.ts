import { expect, test } from "vitest";
import { bounded, fitting } from "./zoom";

test("all of a picture fits, and a small one is not made larger", () => {
  const room = { width: 400, height: 300 };
  expect(fitting(room, { width: 800, height: 100 })).toBe(0.5);
  expect(fitting(room, { width: 100, height: 1200 })).toBe(0.25);
  expect(fitting(room, { width: 100, height: 100 })).toBe(1);
  expect(fitting(room, { width: 1e6, height: 1 })).toBe(0.1);
});

test("nothing is made smaller or larger without end", () => {
  expect([bounded(0), bounded(1.5), bounded(99)]).toEqual([0.1, 1.5, 2]);
});
