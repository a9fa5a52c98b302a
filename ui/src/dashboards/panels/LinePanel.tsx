import { useMemo } from "react";
import { lineColour, SERIES, seriesVariable } from "../../pieces/ink";
import type { Line } from "../../pieces/LineChart";
import { LineChart } from "../../pieces/LineChart";
import { withUnit } from "../../text/number";
import { inOrder, toneOf } from "../model";
import css from "../Panel.module.css";
import { isProvisional, pivot, timeOf } from "../pivot";
import { answerOf, type PanelProps } from "./props";

const LEGEND = 26;

/** Values over time. */
export function LinePanel({ panel, held, height, sync, zoom, onZoom, onAsk, marks }: PanelProps) {
  const { answer, x, first, data } = useMemo(() => {
    const found = answerOf(panel, held);
    const axis = found.column(panel.x) ?? found.columns[0];
    const values = found.drawn
      .filter((one) => one !== axis && one.name !== panel.series)
      .map((one) => ({ ...one, points: found.wanted(one.name)?.points }));
    const series = panel.series || undefined;
    const names = series === undefined ? undefined : found.wanted(series);
    const tone = (name: string) => toneOf(names, name);
    const drawn = axis && pivot(found.rows, { x: axis, series, values, tone });
    return {
      answer: found,
      x: axis,
      first: values[0],
      data: drawn && { ...drawn, lines: inOrder(names, drawn.lines, (line) => line.name) },
    };
  }, [panel, held]);
  if (!data || !x) return <p className={css.empty}>The answer has no column.</p>;

  const limits = first && answer.wanted(first.name);
  const thresholds = (["attention", "bad"] as const).flatMap((tone) => {
    const value = limits?.[tone];
    return typeof value === "number" ? [{ value, tone }] : [];
  });
  const ask = (time: number, name: string, value: number) => {
    const rows = answer.rows.filter((row) => timeOf(x, row[x.name] ?? null) === time);
    onAsk({ name, value, unit: first?.unit, time, rows, columns: held.columns, provisional: rows.some(isProvisional) });
  };
  const legend = data.lines.length > 1;
  return (
    <div className={css.fill}>
      <LineChart
        label={panel.title}
        {...data}
        unit={first?.unit}
        height={height - (legend ? LEGEND : 0)}
        thresholds={thresholds}
        marks={marks}
        sync={sync}
        range={zoom}
        onZoom={onZoom}
        onAsk={ask}
      />
      {legend && <Legend lines={data.lines} unit={first?.unit} />}
    </div>
  );
}

function Legend({ lines, unit }: { lines: Line[]; unit: string | undefined }) {
  const others = lines.length - SERIES;
  return (
    <ul className={css.legend}>
      {lines.slice(0, SERIES).map((line, at) => {
        // a gap at the end is no value: what was before is not said as if it were now
        const value = line.points ? undefined : line.values.findLast((one) => one !== undefined);
        return (
          <li key={line.name}>
            <i style={{ background: `var(--${lineColour(line, at)})` }} />
            {line.name} <b>{typeof value === "number" ? withUnit(value, unit) : "\u2013"}</b>
          </li>
        );
      })}
      {others > 0 && (
        <li>
          <i style={{ background: seriesVariable(SERIES) }} />
          {others} {others === 1 ? "other" : "others"}
        </li>
      )}
    </ul>
  );
}
