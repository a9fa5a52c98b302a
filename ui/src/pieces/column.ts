import type { Value } from "../push/protocol";
import { number, wholeNumber, withUnit } from "../text/number";
import { isMoment, isOpen, moment, parseMoment } from "../text/time";
import type { Tone } from "./ink";

export type TableRow = Readonly<Record<string, Value>>;

/** A column of a table: how it is headed, aligned, compared and shown. */
export interface TableColumn {
  name: string;
  label: string;
  type?: string;
  unit?: string | undefined;
  decimals?: number | undefined;
  width?: number;
  tone?: (value: Value, row: TableRow) => Tone | undefined;
  /** Where a click on the cell leads. */
  href?: (row: TableRow) => string | undefined;
  hidden?: boolean;
  /** What is shown where there is no value. */
  none?: string;
}

const NUMBERS = /^(TINYINT|SMALLINT|INT|INTEGER|BIGINT|FLOAT|DOUBLE|DECIMAL|HUGEINT|UBIGINT|UINTEGER)/;
const MOMENTS = /^TIMESTAMP/;

/** Whether its cells are moments. */
export const isTime = (column: TableColumn): boolean => column.unit === "moment" || MOMENTS.test(column.type ?? "");

export function isNumeric(column: TableColumn): boolean {
  return column.unit === "moment" ? false : NUMBERS.test(column.type ?? "");
}

/** Ms since 1970 of a cell that is a moment. */
export function momentOf(column: TableColumn, value: Value): number | undefined {
  if (column.unit === "moment" && typeof value === "number" && isMoment(value)) return value;
  if (typeof value === "string" && MOMENTS.test(column.type ?? "")) return parseMoment(value);
  return undefined;
}

export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value !== "" && !Number.isNaN(Number(value))) return Number(value);
  return undefined;
}

/** Whether a text is a whole number that a number would round. */
const isLarge = (text: string): boolean => /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text));

/** The text of a cell as it is shown. */
export function shown(column: TableColumn, value: Value): string {
  if (value === null || value === undefined) return "";
  const at = momentOf(column, value);
  if (at !== undefined) return isOpen(at) ? "open" : moment(at);
  if (typeof value === "boolean") return value ? "yes" : "no";
  const numeric = typeof value === "number" || isNumeric(column) ? numberOf(value) : undefined;
  if (numeric !== undefined) {
    const unit = column.unit;
    if (!unit && typeof value === "string" && isLarge(value)) return wholeNumber(value);
    return unit === "bytes" || unit === "duration" ? withUnit(numeric, unit) : number(numeric, column.decimals);
  }
  return exact(value);
}

/** The text of a cell as it is: for the clipboard and for files. */
export function exact(value: Value | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Less than zero where `a` stands before `b`; nulls last, numbers as numbers. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  const first = numberOf(a);
  const second = numberOf(b);
  if (first !== undefined && second !== undefined) return first - second;
  return exact(a) < exact(b) ? -1 : exact(a) > exact(b) ? 1 : 0;
}

/** Texts that a spreadsheet would compute are given an apostrophe; numbers and moments are as they are. */
export function csv(columns: readonly TableColumn[], rows: readonly TableRow[]): string {
  const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const harmless = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  const cell = (column: TableColumn, value: Value | undefined) =>
    typeof value === "string" && !isNumeric(column) ? harmless(value) : exact(value);
  const lines = [
    columns.map((column) => quoted(harmless(column.name))),
    ...rows.map((row) => columns.map((column) => quoted(cell(column, row[column.name])))),
  ];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
