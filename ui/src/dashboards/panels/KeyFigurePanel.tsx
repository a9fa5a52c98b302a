import { numberOf, shown, type TableColumn } from "../../pieces/column";
import type { Tone } from "../../pieces/ink";
import { KeyFigure } from "../../pieces/KeyFigure";
import type { Value } from "../../push/protocol";
import { number, withUnit } from "../../text/number";
import { clock } from "../../text/time";
import { toneOf } from "../model";
import { isProvisional, timeOf } from "../pivot";
import { answerOf, type PanelProps } from "./props";

/** The first drawn column of the last row, its difference to `previous`, and its course. */
export function KeyFigurePanel({ panel, held, titled, onAsk }: PanelProps) {
  const answer = answerOf(panel, held);
  const column = panel.columns?.length ? answer.drawn[0] : answer.columns.find((one) => one.name !== panel.x);
  const row = answer.rows.at(-1);
  if (!column || !row) return null;
  const value = row[column.name] ?? null;
  const limits = answer.wanted(column.name);
  const x = answer.column(panel.x);
  const time = x && timeOf(x, row[x.name] ?? null);
  const provisional = isProvisional(row);
  const course = answer.rows.length > 2 ? answer.rows.map((one) => numberOf(one[column.name]) ?? null) : undefined;
  const ask = () =>
    onAsk({
      name: column.label,
      value,
      unit: column.unit,
      time,
      provisional,
      rows: answer.rows,
      columns: held.columns,
    });
  return (
    <KeyFigure
      label={titled ? panel.title : column.label}
      value={value === null ? undefined : figure(column, value)}
      tone={toneOf(limits, value)}
      delta={deltaOf(column, value, row.previous ?? null, limits?.attention, limits?.bad)}
      note={provisional && time !== undefined ? `until ${clock(time)}` : panel.description || undefined}
      trend={course}
      provisional={provisional}
      onAsk={ask}
    />
  );
}

function figure(column: TableColumn, value: Value): string {
  const numeric = numberOf(value);
  return numeric === undefined ? shown(column, value) : withUnit(numeric, column.unit, column.decimals);
}

function deltaOf(
  column: TableColumn,
  value: Value,
  previous: Value,
  attention: number | null | undefined,
  bad: number | null | undefined,
): { text: string; tone: Tone } | undefined {
  const now = numberOf(value);
  const then = numberOf(previous);
  if (now === undefined || then === undefined) return undefined;
  const change = now - then;
  if (change === 0) return { text: "as before", tone: "neutral" };
  const sign = change > 0 ? "+" : "";
  const judged = typeof attention === "number" && typeof bad === "number";
  const worse = judged && (bad < attention ? change < 0 : change > 0);
  return {
    text: `${sign}${number(change, column.decimals)}`,
    tone: !judged ? "neutral" : worse ? "attention" : "good",
  };
}
