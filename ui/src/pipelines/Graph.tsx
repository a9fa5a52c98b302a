import type { Schemas } from "../api/client";
import { short } from "../text/number";
import { clock } from "../text/time";
import { layers } from "./layers";
import css from "./PipelineView.module.css";

export type Operator = Schemas["OperatorAnswer"];

const WIDTH = 172;
const HEIGHT = 62;
const GAP = { x: 56, y: 14 };

/** Operators from left to right; an edge is as wide as rows pass it. */
export function Graph({ operators }: { operators: readonly Operator[] }) {
  const placed = layers(operators);
  if (placed.length === 0) return <p className={css.calm}>Its operators are shown while it runs.</p>;
  const at = new Map(
    placed.map((one) => [one.name, { x: one.column * (WIDTH + GAP.x), y: one.row * (HEIGHT + GAP.y) }]),
  );
  const width = Math.max(...placed.map((one) => one.column)) * (WIDTH + GAP.x) + WIDTH + 2;
  const height = Math.max(...placed.map((one) => one.row)) * (HEIGHT + GAP.y) + HEIGHT + 2;
  const rates = new Map(operators.map((one) => [one.name, one.rows_per_second]));
  const most = Math.max(1, ...rates.values());
  return (
    <div className={css.scroll} tabIndex={0} role="group" aria-label="Graph of the operators">
      <svg width={width} height={height} className={css.graph} role="img" aria-label={`${operators.length} operators`}>
        {operators.flatMap((operator) =>
          operator.inputs.map((input) => {
            const [from, to] = [at.get(input), at.get(operator.name)];
            if (!from || !to) return null;
            const [x1, y1] = [from.x + WIDTH + 1, from.y + HEIGHT / 2];
            const [x2, y2] = [to.x, to.y + HEIGHT / 2];
            const bend = (x2 - x1) / 2;
            const rate = rates.get(operator.name) ?? 0;
            return (
              <path
                key={`${input} ${operator.name}`}
                className={css.edge}
                d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
                strokeWidth={1 + 5 * Math.sqrt(rate / most)}
              />
            );
          }),
        )}
        {operators.map((operator) => {
          const place = at.get(operator.name);
          return place && <Node key={operator.name} operator={operator} {...place} />;
        })}
      </svg>
    </div>
  );
}

function Node({ operator, x, y }: { operator: Operator; x: number; y: number }) {
  const { fates, watermark } = operator;
  const troubles = (["late", "rejected"] as const).flatMap((fate) => {
    const count = fates[fate];
    return count ? [`${short(count)} ${fate}`] : [];
  });
  const third = troubles.length > 0 ? troubles.join(", ") : watermark == null ? "" : `at ${clock(watermark)}`;
  const name = operator.name.length > 25 ? `${operator.name.slice(0, 24)}\u2026` : operator.name;
  return (
    <g className={`${css.node} ${troubles.length > 0 ? css.troubled : ""}`} transform={`translate(${x + 1} ${y + 1})`}>
      <title>{[operator.name, ...operator.details].join("\n")}</title>
      <rect width={WIDTH - 2} height={HEIGHT - 2} rx="6" />
      <text x="10" y="19" className={css.kind}>
        {name}
      </text>
      <text x="10" y="36" className={css.rows}>
        {short(operator.rows_per_second)} rows/s · {short(operator.taken)} in
      </text>
      <text x="10" y="52" className={troubles.length > 0 ? css.fates : css.rows}>
        {third}
      </text>
    </g>
  );
}
