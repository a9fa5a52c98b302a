import { compare, momentOf, numberOf, type TableColumn, type TableRow } from "../pieces/column";
import type { Line } from "../pieces/LineChart";
import type { Value } from "../push/protocol";

/** Which columns of an answer make a chart: one for the time, one that tells series apart, those that are drawn. */
export interface ChartShape {
  x: TableColumn;
  series?: string | undefined;
  values: readonly { name: string; label: string }[];
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

/** Rows of an answer as lines over time. Where a series has no row at a moment of the others, it has a gap. */
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
  const lines = new Map<string, (number | null)[]>();
  for (const [row, time] of moments) {
    for (const value of shape.values) {
      const name = nameOf(row, shape, value.label);
      const line = lines.get(name) ?? new Array<number | null>(times.length).fill(null);
      lines.set(name, line);
      line[place.get(time) ?? 0] = numberOf(row[value.name]) ?? null;
    }
  }
  const drawn = [...lines].map(([name, values]) => ({ name, values })).sort((a, b) => byWeight(a, b, shape));
  return {
    times,
    lines: drawn,
    ...(until === undefined ? {} : { until, provisionalFrom: Math.min(lastFinal ?? until, until) }),
  };
}

/** Ms since 1970 of a cell on a time axis: a moment, or a number that is one. */
export function timeOf(column: TableColumn, value: Value): number | undefined {
  return momentOf(column, value) ?? (typeof value === "number" ? value : undefined);
}

function nameOf(row: TableRow, shape: ChartShape, label: string): string {
  if (!shape.series) return label;
  const series = String(row[shape.series] ?? "null");
  return shape.values.length > 1 ? `${series} \u00b7 ${label}` : series;
}

/** Where rows tell series apart, those of the largest last value come first: eight have a colour of their own. */
function byWeight(a: Line, b: Line, shape: ChartShape): number {
  if (!shape.series) return 0;
  return last(b) - last(a) || compare(a.name, b.name);
}

function last(line: Line): number {
  return line.values.findLast((value) => value !== null) ?? Number.NEGATIVE_INFINITY;
}
