import { Columns3, Download } from "lucide-react";
import type { ReactNode } from "react";
import { number } from "../text/number";
import { Button } from "./Button";
import { csv, type TableColumn, type TableRow } from "./column";
import css from "./DataTable.module.css";
import { Opens } from "./Opens";

interface Props {
  label: string;
  columns: readonly TableColumn[];
  visible: readonly TableColumn[];
  rows: readonly TableRow[];
  hidden: ReadonlySet<string>;
  setHidden: (hidden: ReadonlySet<string>) => void;
  children?: ReactNode;
}

/** Above a table: how many rows, which columns, and the way out. */
export function TableTools({ label, columns, visible, rows, hidden, setHidden, children }: Props) {
  const toggle = (name: string, show: boolean) => {
    const next = new Set(hidden);
    if (show) next.delete(name);
    else next.add(name);
    if (next.size < columns.length) setHidden(next);
  };
  return (
    <div className={css.tools}>
      {children}
      <span className={css.count}>
        {number(rows.length)} {rows.length === 1 ? "row" : "rows"}
      </span>
      <Opens
        look="plain"
        label={`Columns of ${label}`}
        title="Columns"
        popup={() => (
          <ul className={css.menu}>
            {columns.map((column) => (
              <li key={column.name}>
                <label className={css.option}>
                  <input
                    type="checkbox"
                    checked={!hidden.has(column.name)}
                    onChange={(event) => toggle(column.name, event.target.checked)}
                  />
                  {column.label}
                </label>
              </li>
            ))}
          </ul>
        )}
      >
        <Columns3 size={14} />
      </Opens>
      <Button
        look="plain"
        aria-label={`Save ${label} as CSV`}
        title="Save as CSV"
        disabled={rows.length === 0}
        onClick={() => save(`${label.replaceAll(/\W+/g, "_")}.csv`, csv(visible, rows))}
      >
        <Download size={14} />
      </Button>
    </div>
  );
}

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
