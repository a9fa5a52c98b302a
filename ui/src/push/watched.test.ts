import { describe, expect, test } from "vitest";
import type { Snapshot } from "./protocol";
import { MOST_ROWS, NOTHING, named, taken } from "./watched";

const columns = [
  { name: "meeting", type: "STRING" },
  { name: "users", type: "BIGINT" },
];
const first: Snapshot = {
  type: "snapshot",
  channel: 1,
  position: "1",
  reset: "new",
  time: 10,
  columns,
  key: ["meeting"],
  complete: true,
  rows: [
    ["m1", 4],
    ["m2", 2],
  ],
};
const changes = { type: "changes", channel: 1, after: "1", position: "2", time: 20 } as const;

describe("a table with a key", () => {
  const held = taken(NOTHING, first, false);

  test("a change takes the place of the row of its key, and a deletion ends it", () => {
    const next = taken(
      held,
      {
        ...changes,
        changes: [
          ["-U", 5, ["m1", 4]],
          ["+U", 6, ["m1", 9]],
          ["-D", 7, ["m2", null]],
          ["+I", 8, ["m3", 1]],
          ["-D", 9, ["m8", null]],
        ],
      },
      false,
    );
    expect(next.rows).toEqual([
      ["m1", 9],
      ["m3", 1],
    ]);
    expect(next.position).toBe("2");
  });

  test("changes that do not follow on what is held are not taken", () => {
    const next = taken(held, { ...changes, after: "0", changes: [["+I", 8, ["m3", 1]]] }, false);
    expect(next.broken).toBe(true);
    expect(next.rows).toBe(held.rows);
    expect(taken(next, first, false).broken).toBeUndefined();
  });
});

test("rows of a table without a key follow on each other, up to a limit", () => {
  const held = taken(
    NOTHING,
    { ...first, key: [], rows: Array.from({ length: MOST_ROWS }, (_, at) => ["m", at]) },
    false,
  );
  const next = taken(held, { ...changes, changes: [["+I", 1, ["m", -1]]] }, false);
  expect(next.rows).toHaveLength(MOST_ROWS);
  expect(next.rows.at(-1)).toEqual(["m", -1]);
  expect(next.rows[0]).toEqual(["m", 1]);
  expect(next.complete).toBe(false);
});

test("changes of a query are made one after the other, by place", () => {
  const held = taken(NOTHING, { ...first, key: [] }, true);
  const next = taken(
    held,
    {
      ...changes,
      changes: [
        ["-D", 1, null],
        ["+U", 0, ["m1", 5]],
        ["+I", 0, ["m9", 1]],
      ],
    },
    true,
  );
  expect(named(next)).toEqual([
    { meeting: "m9", users: 1 },
    { meeting: "m1", users: 5 },
  ]);
});

test("a question that fails later keeps its rows, and the next answer ends the fault", () => {
  const held = taken(NOTHING, { ...first, key: [] }, true);
  const failed = taken(held, { type: "failed", channel: 1, time: 15, error: { code: "query-time" } }, true);
  expect(failed.fault?.code).toBe("query-time");
  expect(failed.rows).toHaveLength(2);
  expect(taken(failed, { ...changes, changes: [] }, true).fault).toBeUndefined();
});

test("what the last changes of a query have done to each row is known", () => {
  const held = taken(NOTHING, { ...first, key: [] }, true);
  const next = taken(
    held,
    {
      ...changes,
      changes: [
        ["-D", 0, null],
        ["+U", 0, ["m2", 3]],
        ["+I", 1, ["m3", 1]],
      ],
    },
    true,
  );
  expect(next.turned).toEqual({ kinds: ["+U", "+I"], gone: 1 });
  expect(taken(next, { ...changes, after: "2", position: "3", changes: [] }, true).turned?.kinds).toEqual([
    undefined,
    undefined,
  ]);
});
