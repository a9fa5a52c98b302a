import { compare, momentOf, numberOf, shown, type TableColumn } from "../../pieces/column";
import { HeatMap } from "../../pieces/HeatMap";
import type { Value } from "../../push/protocol";
import { withUnit } from "../../text/number";
import { day, moment } from "../../text/time";
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
      columns={namesOf(x, across)}
      rows={down.map((value) => shown(y, value))}
      value={(row, at) => numberOf(rowAt(row, at)?.[column.name])}
      shown={(value) => withUnit(value, column.unit, column.decimals)}
      onAsk={ask}
    />
  );
}

/** The name of a column that is a moment is its time of day, and its day where they are of several: no year fits. */
function namesOf(column: TableColumn, values: readonly Value[]): string[] {
  const moments = values.flatMap((value) => momentOf(column, value) ?? []);
  if (moments.length < values.length) return values.map((value) => shown(column, value));
  const days = new Set(moments.map(day)).size;
  const [from, to] = days === 1 ? [11, 16] : days === moments.length ? [5, 10] : [5, 16];
  const names = moments.map((at) => moment(at).slice(from, to));
  // two in a minute are told apart
  return new Set(names).size === names.length ? names : moments.map((at) => moment(at).slice(from, 19));
}
