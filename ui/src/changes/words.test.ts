import { expect, test } from "vitest";
import type { Difference, OperatorChange } from "../api/changes";
import { lossesOf, rereadOf, wordsOf } from "./words";

const operator = (given: Partial<OperatorChange>): OperatorChange => ({
  operator: "window aggregate",
  kind: "window aggregate",
  what: "kept",
  rows: 0,
  start: {},
  rows_again: 0,
  gone: 0,
  reason: "",
  details: [],
  ...given,
});

const rebuilt = operator({ what: "rebuilt", rows: null, start: { e: [0, 5] }, rows_again: 20, gone: 5 });
const lost = operator({ what: "lost", rows: 10 });

test("what becomes of state is told in numbers", () => {
  expect(wordsOf(operator({ rows: 1 }))).toBe("1 row");
  expect(wordsOf(lost)).toBe("10 rows");
  const places = "20 records read again: e from offset 0 of partition 0, e from offset 5 of partition 1";
  expect(wordsOf(rebuilt)).toBe(places);
  expect(wordsOf({ ...rebuilt, rows: 7 })).toBe(`7 rows, ${places}`);
  expect(wordsOf(operator({ what: "empty", reason: "nothing was read yet" }))).toBe("nothing was read yet");
});

test("what would be gone is named, and nothing else", () => {
  const pipeline = { name: "main", file: "", remarks: [], refusal: "" };
  const difference = (...pipelines: Difference["pipelines"]): Difference => ({ files: [], pipelines, token: "" });
  expect(lossesOf(difference({ ...pipeline, what: "changed", operators: [operator({})] }))).toEqual([]);
  expect(lossesOf(difference({ ...pipeline, what: "unchanged", operators: [lost] }))).toEqual([]);
  const all = difference(
    { ...pipeline, what: "changed", operators: [rebuilt, lost] },
    { ...pipeline, name: "keys", what: "removed", operators: [lost] },
  );
  expect(lossesOf(all)).toEqual([
    "10 rows of the state of main, which no operator takes over",
    "5 records that main would be rebuilt from, which retention has deleted",
    "pipeline keys ends",
    "10 rows of the state of keys, which no operator takes over",
  ]);
  expect(rereadOf(all)).toBe(20);
});
