import { exactly } from "../text/time";
import { isNumeric, momentOf, shown, type TableColumn, type TableRow } from "./column";
import css from "./DataTable.module.css";
import { Go } from "./Go";

interface Props {
  column: TableColumn;
  row: TableRow;
  /** `row:column`, by which the keyboard finds it. */
  place: string;
  current: boolean;
}

/** One value of a row. What is cut off is whole on hover; a moment is in UTC there. */
export function Cell({ column, row, place, current }: Props) {
  const value = row[column.name] ?? null;
  const text = shown(column, value);
  const at = momentOf(column, value);
  const tone = column.tone?.(value, row);
  const href = column.href?.(row);
  const look = [
    css.cell,
    isNumeric(column) && css.end,
    tone && css[tone],
    value !== null && typeof value === "object" && css.coded,
  ];
  const linked = href !== undefined && value !== null;
  // one target in a cell: the link, where there is one
  const reached = { "data-place": place, tabIndex: current ? 0 : -1 };
  return (
    <div
      role="gridcell"
      className={look.filter(Boolean).join(" ")}
      {...(linked ? {} : reached)}
      title={at === undefined ? text : exactly(at)}
    >
      {value === null ? (
        <span className={column.none === undefined ? css.none : undefined}>{column.none ?? "null"}</span>
      ) : linked ? (
        <Go href={href} {...reached}>
          {text}
        </Go>
      ) : (
        text
      )}
    </div>
  );
}
