import { compare, momentOf, numberOf, type TableColumn, type TableRow } from "../pieces/column";
import { SERIES, type Tone } from "../pieces/ink";
import type { Line } from "../pieces/LineChart";
import type { Value } from "../push/protocol";

/** Which columns of an answer make a chart: one for the time, one that tells series apart, those that are drawn. */
export interface ChartShape {
  x: TableColumn;
  series?: string | undefined;
  values: readonly ChartValue[];
  /** The tone of a series, by its name. */
  tone?: (series: string) => Tone | undefined;
}

export interface ChartValue {
  name: string;
  label: string;
  /** Points without a line: its rows are between those of the others, and make no gaps in them. */
  points?: boolean | undefined;
}

export interface ChartData {
  times: number[];
  lines: Line[];
  /** The last moment that is final, where one after it is not. */
  provisionalFrom?: number;
  /** When the last open window closes. */
  until?: number;
}

/** A row of an open window says so in a column `final`. */
export function isProvisional(row: TableRow): boolean {
  return row.final === false;
}

/**
 * Rows of an answer as lines over time. Where a series has no row at a moment of the others, it has a gap; at moments
 * of mere points it has neither a value nor a gap.
 */
export function pivot(rows: readonly TableRow[], shape: ChartShape): ChartData {
  const moments = new Map<TableRow, number>();
  let lastFinal: number | undefined;
  let until: number | undefined;
  for (const row of rows) {
    const at = timeOf(shape.x, row[shape.x.name] ?? null);
    if (at === undefined) continue;
    moments.set(row, at);
    if (isProvisional(row)) until = Math.max(until ?? at, at);
    else lastFinal = Math.max(lastFinal ?? at, at);
  }
  const times = [...new Set(moments.values())].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  const marked = shape.values.filter((value) => value.points);
  const isMark = (row: TableRow) => marked.some((value) => numberOf(row[value.name]) !== undefined);
  const ruled = new Set([...moments].filter(([row]) => !isMark(row)).map(([, time]) => time));
  const empty = times.map((time) => (ruled.has(time) ? null : undefined));
  const lines = new Map<string, Line>();
  for (const [row, time] of moments) {
    for (const value of isMark(row) ? marked : shape.values) {
      const name = nameOf(row, shape, value.label);
      const line = lines.get(name) ?? lineOf(name, row, value, shape, empty);
      lines.set(name, line);
      line.values[place.get(time) ?? 0] = numberOf(row[value.name]) ?? null;
    }
  }
  return {
    times,
    lines: shape.series ? chosen([...lines.values()]) : [...lines.values()],
    ...(until === undefined ? {} : { until, provisionalFrom: Math.min(lastFinal ?? until, until) }),
  };
}

/** Ms since 1970 of a cell on a time axis: a moment, or a number that is one. */
export function timeOf(column: TableColumn, value: Value): number | undefined {
  return momentOf(column, value) ?? (typeof value === "number" ? value : undefined);
}

function lineOf(name: string, row: TableRow, value: ChartValue, shape: ChartShape, empty: Line["values"]): Line {
  const tone = shape.series ? shape.tone?.(String(row[shape.series])) : undefined;
  return { name, values: [...empty], ...(value.points ? { points: true } : {}), ...(tone ? { tone } : {}) };
}

function nameOf(row: TableRow, shape: ChartShape, label: string): string {
  if (!shape.series) return label;
  const series = String(row[shape.series] ?? "null");
  return shape.values.length > 1 ? `${series} \u00b7 ${label}` : series;
}

/** Those of the largest last values have a colour of their own: by name, so that it stays theirs while values move. */
function chosen(lines: Line[]): Line[] {
  const weighed = lines.sort((a, b) => last(b) - last(a) || compare(a.name, b.name));
  const first = weighed.slice(0, SERIES).sort((a, b) => compare(a.name, b.name));
  return [...first, ...weighed.slice(SERIES)];
}

function last(line: Line): number {
  return line.values.findLast((value) => typeof value === "number") ?? Number.NEGATIVE_INFINITY;
}
