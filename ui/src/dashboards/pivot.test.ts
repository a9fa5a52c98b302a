import { expect, test } from "vitest";
import { pivot } from "./pivot";

const x = { name: "at", label: "at", type: "TIMESTAMP(3)" };
const rows = [
  { at: "2026-01-01 00:01:00.000", meeting: "a", latency: 90, final: true },
  { at: "2026-01-01 00:00:30.000", meeting: "a", latency: 80, final: true },
  { at: "2026-01-01 00:01:00.000", meeting: "b", latency: 210, final: true },
  { at: "2026-01-01 00:01:30.000", meeting: "b", latency: null, final: false },
];
const minute = Date.UTC(2026, 0, 1);

test("rows become lines in the order of time, by name, with gaps where there is no row", () => {
  const { times, lines } = pivot(rows, { x, series: "meeting", values: [{ name: "latency", label: "Latency" }] });
  expect(times).toEqual([minute + 30_000, minute + 60_000, minute + 90_000]);
  expect(lines).toEqual([
    { name: "a", values: [80, 90, null] },
    { name: "b", values: [null, 210, null] },
  ]);
});

test("the open end begins after the last final moment and ends where the last open window does", () => {
  const { provisionalFrom, until } = pivot(rows, { x, values: [{ name: "latency", label: "Latency" }] });
  expect(provisionalFrom).toBe(minute + 60_000);
  expect(until).toBe(minute + 90_000);
  expect(pivot(rows.slice(0, 3), { x, values: [] }).until).toBeUndefined();
});

test("moments of points make no gap in a line, and a series has the tone of its name", () => {
  const odd = { at: "2026-01-01 00:00:40.000", meeting: "a", latency: null, odd: 900, final: true };
  const values = [
    { name: "latency", label: "Latency" },
    { name: "odd", label: "Odd", points: true },
  ];
  expect(pivot([...rows.slice(0, 2), odd], { x, values }).lines).toEqual([
    { name: "Latency", values: [80, undefined, 90] },
    { name: "Odd", values: [null, 900, null], points: true },
  ]);
  const toned = pivot(rows, {
    x,
    series: "meeting",
    values: values.slice(0, 1),
    tone: (name) => (name === "b" ? "bad" : undefined),
  });
  expect(toned.lines.map((line) => line.tone)).toEqual([undefined, "bad"]);
});
