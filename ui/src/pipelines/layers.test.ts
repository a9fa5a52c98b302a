import { expect, test } from "vitest";
import { layers } from "./layers";

test("operators stand right of their inputs, and beside each other where they share one", () => {
  const placed = layers([
    { name: "a", inputs: [] },
    { name: "b", inputs: [] },
    { name: "union", inputs: ["a", "b"] },
    { name: "window", inputs: ["union"] },
    { name: "calc", inputs: ["union"] },
    { name: "sink", inputs: ["window"] },
    { name: "late", inputs: ["calc"] },
  ]);
  expect(Object.fromEntries(placed.map((one) => [one.name, [one.column, one.row]]))).toEqual({
    a: [0, 0],
    b: [0, 1],
    union: [1, 0.5],
    window: [2, 0],
    calc: [2, 1],
    sink: [3, 0],
    late: [3, 1],
  });
});
