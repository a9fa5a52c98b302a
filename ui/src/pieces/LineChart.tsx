import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useShade } from "../frame/theme";
import { bytes, duration, number, plural, withUnit } from "../text/number";
import { clock, day, moment } from "../text/time";
import { ink, lineColour, type Tone } from "./ink";
import css from "./LineChart.module.css";

export interface Line {
  name: string;
  /** A value for each moment of the chart; null is a gap, undefined a moment that is not its own. */
  values: (number | null | undefined)[];
  /** Points without a line. */
  points?: boolean;
  tone?: Tone;
}

export interface Threshold {
  value: number;
  tone: "attention" | "bad";
}

/** A stretch of time that something is said about: from `from` to `to` (ms), or on to the end. */
export interface Mark {
  from: number;
  to: number | null;
  tone: Tone;
  text: string;
}

export interface LineChartProps {
  label: string;
  /** Ascending, ms since 1970. */
  times: number[];
  lines: Line[];
  unit?: string | undefined;
  height: number;
  /** From here on the points are provisional; the last window closes at `until`. */
  provisionalFrom?: number | undefined;
  until?: number | undefined;
  thresholds?: Threshold[];
  marks?: readonly Mark[] | undefined;
  /** Charts of one key share their cursor. */
  sync?: string | undefined;
  range?: readonly [number, number] | undefined;
  onZoom?: (from: number, to: number) => void;
  /** A point was asked for its reason. */
  onAsk?: (time: number, line: string, value: number) => void;
}

/** Lines over time: shared cursor, brush to zoom, the open end hatched. */
export function LineChart(props: LineChartProps) {
  const { times, lines, height, range, marks } = props;
  const shade = useShade();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  const data = useMemo<uPlot.AlignedData>(
    () => [times.map((ms) => ms / 1000), ...lines.map((line) => line.values)],
    [times, lines],
  );
  const shape = `${shade}|${props.unit}|${props.sync}|${height}|${lines.map((line) => `${line.name}\u0000${line.tone}`).join("\u0000")}`;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(optionsOf(latest, element.clientWidth, height), data, element);
    made.root.querySelector("canvas")?.setAttribute("aria-hidden", "true");
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the plot is made anew when its shape changes, not its data
  }, [shape]);

  const [from, to] = range ?? [];
  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(data, false);
    const first = from ?? times[0];
    const last = to ?? times.at(-1);
    if (first === undefined || last === undefined) made.redraw();
    else made.setScale("x", { min: first / 1000, max: Math.max(last, first + 1000) / 1000 });
  }, [data, from, to, times, marks]);

  return <div ref={host} className={css.chart} style={{ height }} role="img" aria-label={summary(props)} />;
}

function summary({ label, times, lines, unit, marks = [] }: LineChartProps): string {
  const last = times.at(-1);
  if (last === undefined) return `${label}: no points`;
  const values = lines.slice(0, 8).map((line) => {
    const value = line.values.findLast((one) => typeof one === "number");
    return `${line.name} ${value === undefined || value === null ? "none" : withUnit(value, unit)}`;
  });
  const said = marks.length > 0 ? `; ${plural(marks.length, "incident")}: ${marks.at(0)?.text}` : "";
  return `${label}, to ${moment(last)}: ${values.join(", ")}${said}`;
}

function optionsOf(latest: { current: LineChartProps }, width: number, height: number): uPlot.Options {
  const { lines, unit, sync } = latest.current;
  const grid = { stroke: ink("line"), width: 1 };
  const axis = { stroke: ink("ink-3"), font: `11px ${ink("text")}`, grid, ticks: { show: false } };
  return {
    width,
    height,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 2 },
      ...(sync ? { sync: { key: sync, setSeries: false } } : {}),
    },
    scales: { x: { time: true }, y: { range: (_, min, max) => valueRange(min, max) } },
    axes: [
      {
        ...axis,
        space: 72,
        size: 24,
        gap: 4,
        values: (_, splits, __, ___, step) => splits.map((at) => tick(at, step)),
      },
      {
        ...axis,
        size: (_, values) => 14 + Math.max(14, ...(values ?? []).map((value) => value.length * 6.6)),
        gap: 4,
        space: 32,
        values: (_, splits, __, ___, step) => splits.map((value) => axisValue(value, unit, step)),
      },
    ],
    series: [{}, ...lines.map((line, at) => seriesOf(line, ink(lineColour(line, at))))],
    hooks: {
      setSelect: [(plot) => brushed(plot, latest.current)],
      drawAxes: [
        (plot) => drawProvisional(plot, latest.current),
        (plot) => drawMarks(plot, latest.current),
        (plot) => drawThresholds(plot, latest.current),
      ],
      ready: [(plot) => hover(plot, latest)],
    },
  };
}

function seriesOf(line: Line, colour: string): uPlot.Series {
  const { name: label, values, points = false } = line;
  const shared = { label, stroke: colour, width: 1.6, spanGaps: false };
  if (points) return { ...shared, paths: () => null, points: { show: true, size: 9, width: 2, fill: "transparent" } };
  return { ...shared, points: { show: values.length < 2, size: 5, fill: colour } };
}

function valueRange(min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const low = Math.min(0, min);
  const high = max <= low ? low + 1 : max;
  return [low, high + (high - low) * 0.08];
}

function tick(seconds: number, step: number): string {
  if (step >= 86_400) return day(seconds * 1000).slice(5);
  const text = clock(seconds * 1000);
  return step >= 60 ? text.slice(0, 5) : text;
}

function axisValue(value: number, unit: string | undefined, step: number): string {
  if (unit === "duration") return duration(value);
  if (unit === "bytes") return bytes(value);
  return number(value, Math.max(0, -Math.floor(Math.log10(step))));
}

function brushed(plot: uPlot, { onZoom }: LineChartProps): void {
  const { left, width } = plot.select;
  if (width < 6) return;
  const from = plot.posToVal(left, "x") * 1000;
  const to = plot.posToVal(left + width, "x") * 1000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom?.(Math.round(from), Math.round(to));
}

function drawThresholds(plot: uPlot, { thresholds = [] }: LineChartProps): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { value, tone } of thresholds) {
    const y = plot.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ink(tone);
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** A tinted stretch, with a flag where it begins. */
function drawMarks(plot: uPlot, { marks = [] }: LineChartProps): void {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const scale = devicePixelRatio;
  const place = (ms: number) => Math.round(plot.valToPos(ms / 1000, "x", true));
  ctx.save();
  for (const { from, to, tone } of marks) {
    const [begin, end] = [place(from), to === null ? right : place(to)];
    if (begin > right || end < bbox.left) continue;
    const left = Math.max(bbox.left, begin);
    ctx.fillStyle = ink(tone);
    ctx.globalAlpha = 0.1;
    ctx.fillRect(left, bbox.top, Math.max(scale, Math.min(right, end) - left), bbox.height);
    if (begin < bbox.left) continue;
    ctx.globalAlpha = 0.9;
    ctx.fillRect(begin, bbox.top, scale, bbox.height);
    ctx.beginPath();
    ctx.moveTo(begin, bbox.top);
    ctx.lineTo(begin + 7 * scale, bbox.top + 4 * scale);
    ctx.lineTo(begin, bbox.top + 8 * scale);
    ctx.fill();
  }
  ctx.restore();
}

/** The open end: the same hatch as everywhere, and when it will be final. */
function drawProvisional(plot: uPlot, { provisionalFrom, until }: LineChartProps): void {
  if (provisionalFrom === undefined) return;
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const left = Math.max(bbox.left, Math.min(right, plot.valToPos(provisionalFrom / 1000, "x", true)));
  if (right - left < 1) return;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.strokeStyle = ink("hatch");
  ctx.lineWidth = 3 * scale;
  for (let x = left - bbox.height; x < right; x += 10 * scale) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
    ctx.stroke();
  }
  ctx.restore();
  if (until === undefined) return;
  ctx.save();
  ctx.font = `${10.5 * scale}px ${ink("text")}`;
  ctx.fillStyle = ink("provisional");
  ctx.textAlign = "right";
  ctx.textBaseline = "top";
  ctx.fillText(`until ${clock(until)}`, right - 3 * scale, bbox.top + 2 * scale);
  ctx.restore();
}

/** The card at the cursor, and the click that asks for a value's reason. */
function hover(plot: uPlot, latest: { current: LineChartProps }): void {
  const card = document.createElement("div");
  card.className = css.card ?? "";
  card.hidden = true;
  plot.over.append(card);
  const show = () => {
    const { idx, left = -1 } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) {
      card.hidden = true;
      return;
    }
    const { times, lines, unit, provisionalFrom, marks = [] } = latest.current;
    const time = times[idx];
    if (time === undefined) return;
    const open = provisionalFrom !== undefined && time > provisionalFrom;
    const head = text("div", css.when, moment(time), open ? " \u00b7 not final" : "");
    const found = lines
      .map((line, at) => ({ name: line.name, value: line.values[idx] ?? null, colour: ink(lineColour(line, at)) }))
      .filter((one) => one.value !== null)
      .slice(0, 12);
    const rows = found.map(({ name, value, colour }) => {
      const dot = document.createElement("i");
      dot.style.background = colour;
      const row = text("div", css.line);
      row.append(dot, text("span", css.name, name), text("b", undefined, withUnit(value ?? 0, unit)));
      return row;
    });
    const said = marks
      .filter(({ from, to }) => from <= time && (to === null || time <= to))
      .slice(0, 6)
      .map((mark) => {
        const dot = document.createElement("i");
        dot.style.background = ink(mark.tone);
        const row = text("div", css.line);
        row.append(dot, text("span", css.name, mark.text));
        return row;
      });
    card.replaceChildren(head, ...rows, ...said);
    card.hidden = found.length === 0 && said.length === 0;
    const right = left > plot.over.clientWidth / 2;
    card.style.left = right ? "" : `${left + 12}px`;
    card.style.right = right ? `${plot.over.clientWidth - left + 12}px` : "";
  };
  plot.hooks.setCursor = [...(plot.hooks.setCursor ?? []), show];
  plot.over.addEventListener("click", () => {
    const { idx, top = 0 } = plot.cursor;
    const { times, lines, onAsk } = latest.current;
    if (idx === null || idx === undefined || !onAsk) return;
    const nearest = lines
      .map((line) => ({ line: line.name, value: line.values[idx] ?? null }))
      .filter((one): one is { line: string; value: number } => one.value !== null)
      .sort((a, b) => Math.abs(plot.valToPos(a.value, "y") - top) - Math.abs(plot.valToPos(b.value, "y") - top))[0];
    const time = times[idx];
    if (nearest && time !== undefined) onAsk(time, nearest.line, nearest.value);
  });
}

function text(tag: string, name: string | undefined, ...parts: string[]): HTMLElement {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...parts);
  return made;
}
