import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { Go } from "../pieces/Go";
import { Zoomed } from "../pieces/Zoomed";
import { bytes, duration, number, short } from "../text/number";
import { clock } from "../text/time";
import css from "./Graph.module.css";
import { type Edge, LABEL, type Node, placed, WIDTH } from "./placed";

export type Operator = Schemas["OperatorAnswer"];
type Reason = Schemas["ReasonAnswer"];

const HEIGHT = 64;
const TOPIC = 48;
/** With the sentence of why it waits. */
const TALL = 116;

interface Props {
  operators: readonly Operator[];
  reasons: readonly Reason[];
  /** Event time of the newest operator: the others are behind it. */
  opened: string | undefined;
  onOpen: (operator: string) => void;
}

/** Topics and operators from left to right: an edge is as wide as rows pass it, and says how far time is on it. */
export function Graph({ operators, reasons, opened, onOpen }: Props) {
  const stalled = new Map(reasons.filter((one) => one.attention).map((one) => [one.operator, one]));
  const shape = JSON.stringify(shapeOf(operators, new Set(stalled.keys())));
  const { nodes, edges, at } = useMemo(() => {
    const found = JSON.parse(shape) as ReturnType<typeof shapeOf>;
    return { ...found, at: placed(found.nodes, found.edges) };
  }, [shape]);
  if (operators.length === 0) return <p className={css.none}>Its operators are shown once it has begun.</p>;
  const known = new Map(operators.map((one) => [one.name, one]));
  const newest = Math.max(...operators.map((one) => one.watermark ?? -Infinity));
  const rates = edges.map((edge) => rateOf(edge, known));
  const most = Math.max(1, ...rates);
  return (
    <Zoomed label="Graph of the operators" width={at.width} height={at.height}>
      <div className={css.graph} style={{ width: at.width, height: at.height }}>
        <svg width={at.width} height={at.height} aria-hidden="true">
          {at.edges.map(({ path }, index) => (
            <path
              key={`${edges[index]?.from} ${edges[index]?.to}`}
              d={path}
              className={css.edge}
              strokeWidth={1 + 5 * Math.sqrt((rates[index] ?? 0) / most)}
            />
          ))}
        </svg>
        {at.edges.map(({ x, y }, index) => {
          const edge = edges[index];
          if (!edge) return null;
          return (
            <span
              key={`${edge.from} ${edge.to}`}
              className={css.label}
              style={{ left: x - LABEL.width / 2, top: y - LABEL.height / 2, ...LABEL }}
            >
              <EdgeLabel edge={edge} rate={rates[index] ?? 0} known={known} newest={newest} />
            </span>
          );
        })}
        {nodes.map(({ name, height }) => {
          const place = at.nodes.get(name);
          const operator = known.get(name);
          const style = { left: place?.x, top: place?.y, width: WIDTH, height };
          if (!operator) return <TopicNode key={name} node={name} style={style} />;
          return (
            <OperatorNode
              key={name}
              operator={operator}
              reason={stalled.get(name)}
              style={style}
              open={opened === name}
              onOpen={() => onOpen(name)}
            />
          );
        })}
      </div>
    </Zoomed>
  );
}

const IN = "reads ";
const OUT = "writes ";

/** Nodes and edges, with those of the topics before sources and behind sinks. */
function shapeOf(operators: readonly Operator[], stalled: ReadonlySet<string>): { nodes: Node[]; edges: Edge[] } {
  const read = (one: Operator) => one.inputs.length === 0;
  const topics = operators.flatMap((one) => (one.topic ? [(read(one) ? IN : OUT) + one.topic] : []));
  return {
    nodes: [
      ...[...new Set(topics)].map((name) => ({ name, height: TOPIC })),
      ...operators.map(({ name }) => ({ name, height: stalled.has(name) ? TALL : HEIGHT })),
    ],
    edges: operators.flatMap((one) => [
      ...one.inputs.map((from) => ({ from, to: one.name })),
      ...(one.topic && read(one) ? [{ from: IN + one.topic, to: one.name }] : []),
      ...(one.topic && !read(one) ? [{ from: one.name, to: OUT + one.topic }] : []),
    ]),
  };
}

function rateOf({ from, to }: Edge, known: ReadonlyMap<string, Operator>): number {
  return known.get(from)?.given_per_second ?? known.get(to)?.rows_per_second ?? 0;
}

interface EdgeProps {
  edge: Edge;
  rate: number;
  known: ReadonlyMap<string, Operator>;
  newest: number;
}

/** Rows a second; below it the lag where a topic is read, else how far event time is. */
function EdgeLabel({ edge, rate, known, newest }: EdgeProps) {
  const from = known.get(edge.from);
  const to = known.get(edge.to);
  const lag = from === undefined ? to?.lag : undefined;
  const watermark = from?.watermark;
  const behind = watermark == null ? 0 : newest - watermark;
  return (
    <>
      <span>{short(rate)}/s</span>
      {lag != null && <span className={lag > 0 ? css.lag : undefined}>{short(lag)} behind</span>}
      {to !== undefined && watermark != null && (
        <span title={behind > 0 ? `${duration(behind)} behind the furthest` : undefined}>{clock(watermark)}</span>
      )}
    </>
  );
}

type Style = { left: number | undefined; top: number | undefined; width: number; height: number };

function TopicNode({ node, style }: { node: string; style: Style }) {
  const topic = node.slice(node.indexOf(" ") + 1);
  return (
    <Go className={css.topic} style={style} href={`/topics/${encodeURIComponent(topic)}`} title={`topic ${topic}`}>
      <small>topic</small>
      <span>{topic}</span>
    </Go>
  );
}

interface NodeProps {
  operator: Operator;
  reason: Reason | undefined;
  style: Style;
  open: boolean;
  onOpen: () => void;
}

function OperatorNode({ operator, reason, style, open, onOpen }: NodeProps) {
  const { fates, name, taken, state_bytes } = operator;
  const troubles = (["late", "rejected"] as const).flatMap((fate) => {
    const count = fates[fate];
    return count ? [`${number(count)} ${fate}`] : [];
  });
  return (
    <button
      type="button"
      className={`${css.node} ${troubles.length > 0 || reason ? css.troubled : ""}`}
      style={style}
      title={[name, ...operator.details].join("\n")}
      aria-pressed={open}
      onClick={onOpen}
    >
      <b>{name}</b>
      <span>
        {short(taken)} in{state_bytes !== null && state_bytes > 0 && `, state ${bytes(state_bytes)}`}
      </span>
      <span className={troubles.length > 0 ? css.lag : undefined}>{troubles.join(", ")}</span>
      {reason && <em>{reason.sentence}</em>}
    </button>
  );
}
