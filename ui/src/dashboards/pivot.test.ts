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

test("rows become lines in the order of time, the highest first, with gaps where there is no row", () => {
  const { times, lines } = pivot(rows, { x, series: "meeting", values: [{ name: "latency", label: "Latency" }] });
  expect(times).toEqual([minute + 30_000, minute + 60_000, minute + 90_000]);
  expect(lines).toEqual([
    { name: "b", values: [null, 210, null] },
    { name: "a", values: [80, 90, null] },
  ]);
});

test("the open end begins after the last final moment and ends where the last open window does", () => {
  const { provisionalFrom, until } = pivot(rows, { x, values: [{ name: "latency", label: "Latency" }] });
  expect(provisionalFrom).toBe(minute + 60_000);
  expect(until).toBe(minute + 90_000);
  expect(pivot(rows.slice(0, 3), { x, values: [] }).until).toBeUndefined();
});
