import { type Bar, Bars } from "../../pieces/Bars";
import { numberOf } from "../../pieces/column";
import { withUnit } from "../../text/number";
import { filled, toneOf } from "../model";
import css from "../Panel.module.css";
import { isProvisional } from "../pivot";
import { answerOf, type PanelProps } from "./props";

/** A length for each name. */
export function BarPanel({ panel, held, onAsk }: PanelProps) {
  const answer = answerOf(panel, held);
  const names = answer.column(panel.x) ?? answer.columns[0];
  const column = answer.drawn.find((one) => one !== names);
  if (!names || !column) return <p className={css.empty}>The answer has no column of numbers.</p>;
  const bars = answer.rows.map((row): Bar & { row: typeof row } => {
    const value = numberOf(row[column.name]) ?? 0;
    return {
      row,
      name: String(row[names.name] ?? "null"),
      value,
      shown: withUnit(value, column.unit, column.decimals),
      tone: toneOf(answer.wanted(names.name), row[names.name]) ?? toneOf(answer.wanted(column.name), value),
      href: panel.drill ? filled(panel.drill, row) : undefined,
      provisional: isProvisional(row),
    };
  });
  const ask = (bar: Bar) => {
    const rows = bars.filter((one) => one.name === bar.name).map((one) => one.row);
    const { value, name, provisional = false } = bar;
    onAsk({ name, value, unit: column.unit, provisional, rows, columns: held.columns });
  };
  return <Bars label={panel.title} bars={bars} onAsk={ask} />;
}
