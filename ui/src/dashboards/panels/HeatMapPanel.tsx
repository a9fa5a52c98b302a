import { compare, momentOf, numberOf, shown, type TableColumn } from "../../pieces/column";
import { HeatMap } from "../../pieces/HeatMap";
import type { Value } from "../../push/protocol";
import { withUnit } from "../../text/number";
import { clock } from "../../text/time";
import css from "../Panel.module.css";
import { isProvisional } from "../pivot";
import { answerOf, type PanelProps } from "./props";

/** How much by two names. */
export function HeatMapPanel({ panel, held, onAsk }: PanelProps) {
  const answer = answerOf(panel, held);
  const x = answer.column(panel.x) ?? answer.columns[0];
  const y = answer.column(panel.y) ?? answer.columns[1];
  const column = answer.drawn.find((one) => one !== x && one !== y);
  if (!x || !y || !column) return <p className={css.empty}>A heat map needs three columns: x, y and a number.</p>;
  const distinct = (name: string): Value[] =>
    [...new Set(answer.rows.map((row) => row[name] ?? null))].sort((a, b) => compare(a, b));
  const across = distinct(x.name);
  const down = distinct(y.name);
  const rowAt = (row: number, at: number) =>
    answer.rows.find((one) => one[y.name] === down[row] && one[x.name] === across[at]);
  const ask = (row: number, at: number) => {
    const found = rowAt(row, at);
    if (!found) return;
    const name = `${shown(y, down[row] ?? null)}, ${shown(x, across[at] ?? null)}`;
    const value = found[column.name] ?? null;
    const { unit } = column;
    onAsk({ name, value, unit, rows: [found], columns: held.columns, provisional: isProvisional(found) });
  };
  return (
    <HeatMap
      label={panel.title}
      columns={across.map((value) => clockOf(x, value))}
      rows={down.map((value) => shown(y, value))}
      value={(row, at) => numberOf(rowAt(row, at)?.[column.name])}
      shown={(value) => withUnit(value, column.unit, column.decimals)}
      onAsk={ask}
    />
  );
}

/** The name of a column that is a moment is its time of day: there is room for no more. */
function clockOf(column: TableColumn, value: Value): string {
  const at = momentOf(column, value);
  return at === undefined ? shown(column, value) : clock(at).slice(0, 5);
}
