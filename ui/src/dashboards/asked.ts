import type { TableRow } from "../pieces/column";
import type { Column, Value } from "../push/protocol";

/** A value that somebody asks the reason of. */
export interface Asked {
  /** The column, or the series, that it was read from. */
  name: string;
  value: Value;
  unit?: string | undefined;
  /** The moment it stands for, ms. */
  time?: number | undefined;
  provisional: boolean;
  /** The rows of the answer it is made of. */
  rows: readonly TableRow[];
  columns: readonly Column[];
}
