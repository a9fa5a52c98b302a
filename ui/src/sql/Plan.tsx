import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { api, body, type Schemas } from "../api/client";
import { Section } from "../frame/View";
import { placed, WIDTH } from "../pipelines/placed";
import { Failure, Waiting } from "../pieces/States";
import { Zoomed } from "../pieces/Zoomed";
import css from "./Plan.module.css";

type Operator = Schemas["PlannedAnswer"];

const HEAD = 30;
const LINE = 16;
/** Of what an operator does so many lines are in sight; all of it on hover. */
const LINES = 3;

/** What a question would be as a pipeline: operators from left to right. Nothing is run. */
export default function Plan({ sql, tools }: { sql: string; tools: ReactNode }) {
  const { data, error, isPending } = useQuery({
    queryKey: ["explain", sql],
    queryFn: () => body(api.POST("/api/explain", { body: { sql } })),
    retry: false,
  });
  return (
    <Section title="As a pipeline" tools={tools}>
      {isPending && <Waiting height={160} />}
      {error && <Failure error={error} />}
      {data && <Graph operators={data} />}
      <p className={css.note}>
        In Flink's SQL, as a file of sql/ would run it. What keeps state is marked at its left.
      </p>
    </Section>
  );
}

function Graph({ operators }: { operators: readonly Operator[] }) {
  const at = useMemo(() => {
    const nodes = operators.map((one) => ({ name: one.name, height: heightOf(one) }));
    return placed(
      nodes,
      operators.flatMap((one) => one.inputs.map((from) => ({ from, to: one.name }))),
    );
  }, [operators]);
  return (
    <Zoomed label="Graph of the operators" width={at.width} height={at.height}>
      <div className={css.graph} style={{ width: at.width, height: at.height }}>
        <svg width={at.width} height={at.height} aria-hidden="true">
          {at.edges.map(({ path }) => (
            <path key={path} d={path} className={css.edge} />
          ))}
        </svg>
        {operators.map((one) => {
          const place = at.nodes.get(one.name);
          return (
            <div
              key={one.name}
              className={`${css.node} ${one.stateful ? css.stateful : ""}`}
              style={{ left: place?.x, top: place?.y, width: WIDTH, height: heightOf(one) }}
              title={[one.name, ...one.details].join("\n")}
            >
              <b>{one.name}</b>
              {one.details.slice(0, LINES).map((line) => (
                <span key={line}>{line}</span>
              ))}
            </div>
          );
        })}
      </div>
    </Zoomed>
  );
}

const heightOf = ({ details }: Operator) => HEAD + Math.min(LINES, details.length) * LINE;
