import { useState } from "react";
import { useParams } from "wouter";
import { usePipeline, useWhy } from "../api/asked";
import type { Schemas } from "../api/client";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { FIGURES } from "../overview/Overview";
import { Totals } from "../overview/Totals";
import { Go } from "../pieces/Go";
import { Quoted } from "../pieces/Quoted";
import { Segmented } from "../pieces/Segmented";
import { Failure, Waiting } from "../pieces/States";
import { useWatch } from "../push/useWatch";
import { plural } from "../text/number";
import { Columns } from "./Columns";
import { Graph } from "./Graph";
import { OperatorSheet } from "./OperatorSheet";
import { OperatorTable } from "./OperatorTable";
import css from "./PipelineView.module.css";
import { Reasons } from "./Reasons";
import { Savepoints } from "./Savepoints";
import { Steer } from "./Steer";

type Reason = Schemas["ReasonAnswer"];
type Part = "graph" | "columns" | "sql" | "savepoints";

/** One pipeline: its figures, what it waits for, its operators, and what can be done with it. */
export function PipelineView() {
  const { name } = useParams() as { name: string };
  const [filters, setFilters] = useFilters();
  const { data, error, refetch, isPending } = usePipeline(name);
  const why = useWhy();
  const { held } = useWatch(FIGURES);
  const may = useMay("operate");
  const [refused, setRefused] = useState<unknown>();
  if (isPending) return <Waiting height="70vh" />;
  const above = <Go href="/pipelines">Pipelines</Go>;
  if (!data) {
    return (
      <View title={name} above={above}>
        <Failure error={error} retry={() => void refetch()} />
      </View>
    );
  }
  const figures = held.pipelines
    .filter((one) => one.pipeline === name)
    .map((one) => ({ ...one, state: data.state, epoch: data.epoch }));
  const reasons = why.data?.filter((one) => one.pipeline === name) ?? [];
  const operator = data.operators.find((one) => one.name === filters.operator);
  const parts: { value: Part; label: string }[] = [
    { value: "graph", label: "Graph" },
    { value: "columns", label: "Columns" },
    ...(data.sql === null ? [] : [{ value: "sql" as const, label: "SQL" }]),
    { value: "savepoints", label: "Savepoints" },
  ];
  const part = parts.find(({ value }) => value === filters.show)?.value ?? "graph";
  const [reads, writes] = [data.reads, data.writes].map((topics) =>
    topics.map((topic) => (
      <Go key={topic} href={`/topics/${encodeURIComponent(topic)}`}>
        {topic}
      </Go>
    )),
  );
  return (
    <View
      title={name}
      above={above}
      note={
        <span className={css.note}>
          <code>{data.file}</code>
          <span>reads {reads}</span>
          <span>writes {writes}</span>
        </span>
      }
      tools={
        <>
          <Segmented
            label="What of it"
            value={part}
            options={parts}
            onChange={(show) => setFilters({ show: show === "graph" ? undefined : show })}
          />
          {may && <Steer pipeline={data} onError={setRefused} />}
        </>
      }
    >
      {refused != null && <Failure error={refused} />}
      {data.error && <Failure error={{ title: `${name} has failed`, detail: data.error }} />}
      {figures[0] ? (
        <Totals pipelines={figures} eventTime={figures[0].watermark} />
      ) : (
        <Waiting height={118} label="Waiting for figures" />
      )}
      {data.remarks.length > 0 && <p className={css.remarks}>{data.remarks.join("; ")}.</p>}
      {part === "graph" && (
        <>
          <Section title="What it waits for">
            {reasons.length === 0 ? (
              <p className={css.calm}>{why.isPending ? "\u2026" : "Nothing waits: no window is open."}</p>
            ) : (
              <Waits reasons={reasons} />
            )}
          </Section>
          <Section title="How rows go through it">
            <Graph
              operators={data.operators}
              reasons={reasons}
              opened={operator?.name}
              onOpen={(one) => setFilters({ operator: one })}
            />
          </Section>
          <Section title="Ledger" headless>
            <OperatorTable operators={data.operators} onOpen={(one) => setFilters({ operator: one })} />
          </Section>
        </>
      )}
      {part === "columns" && <Columns pipeline={name} />}
      {part === "sql" && data.sql !== null && (
        <Section title={data.file}>
          <div className={css.sql}>
            <Quoted text={data.sql} label="Copy the SQL" />
          </div>
        </Section>
      )}
      {part === "savepoints" && <Savepoints pipeline={data} />}
      {operator && (
        <OperatorSheet
          pipeline={name}
          operator={operator}
          reasons={reasons.filter((one) => one.operator === operator.name)}
          onClose={() => setFilters({ operator: undefined })}
        />
      )}
    </View>
  );
}

/** What waits as it should stands below what somebody has to act on. */
function Waits({ reasons }: { reasons: readonly Reason[] }) {
  const acts = reasons.filter((one) => one.attention || one.code === "silent-partition");
  const calm = reasons.filter((one) => !acts.includes(one));
  return (
    <>
      {acts.length === 0 && <p className={css.calm}>Nothing that somebody has to act on.</p>}
      <Reasons reasons={acts} />
      {calm.length > 0 && (
        <details className={css.more}>
          <summary>{plural(calm.length, "table")} wait as they should, for event time to go on</summary>
          <Reasons reasons={calm} />
        </details>
      )}
    </>
  );
}
