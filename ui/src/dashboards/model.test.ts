import { expect, test } from "vitest";
import { filled, parametersIn, rangeMs, toneOf } from "./model";

test.each([
  ["15 min", 900_000],
  ["24 h", 86_400_000],
  ["7d", 604_800_000],
  ["soon", undefined],
])("%s is %s ms", (text, ms) => expect(rangeMs(text)).toBe(ms));

test("more is worse, or less is, as the limits stand", () => {
  const latency = { name: "latency", attention: 100, bad: 200 };
  expect([99, 100, 250, null].map((value) => toneOf(latency, value))).toEqual([
    undefined,
    "attention",
    "bad",
    undefined,
  ]);
  const score = { name: "score", attention: 60, bad: 30 };
  expect([80, 60, 12].map((value) => toneOf(score, value))).toEqual([undefined, "attention", "bad"]);
  expect(toneOf({ name: "health", tones: { poor: "bad" } }, "poor")).toBe("bad");
});

test("a link takes the values of its row, and is none without them", () => {
  expect(filled("/dashboards/meeting?meeting={id}", { id: "m 1&" })).toBe("/dashboards/meeting?meeting=m%201%26");
  expect(filled("/dashboards/meeting?meeting={id}", { id: null })).toBeUndefined();
});

test("parameters of a question", () => {
  expect(parametersIn('SELECT * FROM "t$open" WHERE a > $range AND b = $b OR $b IS NULL')).toEqual(["range", "b"]);
});
