import type { Change, Column, Content, Fault, PipelineFigures, Row, Value } from "./protocol";

/** Rows that a page holds of one table at most; the oldest go first. */
export const MOST_ROWS = 20_000;

/** What a subscription has shown so far. Never changed in place: a message makes the next one. */
export interface Watched {
  columns: Column[];
  rows: readonly Row[];
  key: string[];
  /** False where a limit has cut the rows. */
  complete: boolean;
  pipelines: readonly PipelineFigures[];
  position?: string;
  /** The server's clock at the last message, ms. */
  time?: number;
  /** The watermark that open windows wait with, ms. */
  watermark?: number | null;
  /** The last message said that the question could not be answered. */
  fault?: Fault;
  /** Of a query: what the last changes did to each row that is there, and how many they took away. */
  turned?: { kinds: readonly (Change[0] | undefined)[]; gone: number };
  /** `changes` did not follow on the position that was held: rows were lost on the way. */
  broken?: boolean;
}

export const NOTHING: Watched = { columns: [], rows: [], key: [], complete: true, pipelines: [] };

/** What is held after a message. */
export function taken(held: Watched, message: Content, isQuery: boolean): Watched {
  switch (message.type) {
    case "snapshot": {
      const { columns, key, rows, complete, position, time } = message;
      return { columns, key, rows, complete, position, time, pipelines: [] };
    }
    case "open": {
      const { columns, rows, time, watermark } = message;
      return { columns, rows, key: [], complete: message.complete ?? true, time, watermark, pipelines: [] };
    }
    case "metrics":
      return { ...held, pipelines: message.pipelines, time: message.time };
    case "news":
      return { ...held, time: message.time };
    case "failed":
      return { ...held, time: message.time, fault: message.error };
    case "changes": {
      if (held.position !== undefined && held.position !== message.after) return { ...held, broken: true };
      const rows = isQuery ? edited(held.rows, message.changes) : merged(held, message.changes);
      const { fault: _, turned: __, ...known } = held;
      const rest = isQuery ? { ...known, turned: turnedBy(held.rows.length, message.changes) } : known;
      const kept = rows.length > MOST_ROWS ? rows.slice(-MOST_ROWS) : rows;
      const complete = held.complete && kept.length === rows.length;
      return { ...rest, rows: kept, complete, position: message.position, time: message.time };
    }
  }
}

/** Changes of a query's answer: each at a place in the list. */
function edited(rows: readonly Row[], changes: readonly Change[]): Row[] {
  const next = [...rows];
  for (const [kind, place, row] of changes) {
    if (kind === "-D") next.splice(place, 1);
    else if (kind === "+I") next.splice(place, 0, row ?? []);
    else next[place] = row ?? [];
  }
  return next;
}

function turnedBy(rows: number, changes: readonly Change[]): NonNullable<Watched["turned"]> {
  const kinds = new Array<Change[0] | undefined>(rows).fill(undefined);
  let gone = 0;
  for (const [kind, place] of changes) {
    if (kind === "-D") gone += kinds.splice(place, 1)[0] === "+I" ? 0 : 1;
    else if (kind === "+I") kinds.splice(place, 0, kind);
    else kinds[place] ??= kind;
  }
  return { kinds, gone };
}

/** Changes of a table: rows follow on each other, or take the place of the one of their key. */
function merged(held: Watched, changes: readonly Change[]): Row[] {
  if (held.key.length === 0) return [...held.rows, ...changes.map(([, , row]) => row ?? [])];
  const places = held.key.map((name) => held.columns.findIndex((column) => column.name === name));
  const keyOf = (row: Row) => JSON.stringify(places.map((place) => row[place] ?? null));
  const next = new Map<string, Row>(held.rows.map((row) => [keyOf(row), row]));
  for (const [kind, , row] of changes) {
    if (!row) continue;
    if (kind === "-D") next.delete(keyOf(row));
    else if (kind !== "-U") next.set(keyOf(row), row);
  }
  return [...next.values()];
}

/** Rows as objects, by the names of their columns. */
export function named(held: Pick<Watched, "columns" | "rows">): Record<string, Value>[] {
  return held.rows.map((row) => Object.fromEntries(held.columns.map((column, at) => [column.name, row[at] ?? null])));
}
