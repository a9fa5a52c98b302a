import { useParams } from "wouter";
import { usePipeline, useWhy } from "../api/asked";
import { Section, View } from "../frame/View";
import { FIGURES } from "../overview/Overview";
import { Totals } from "../overview/Totals";
import { Go } from "../pieces/Go";
import { Sentence } from "../pieces/Sentence";
import { Failure, Waiting } from "../pieces/States";
import { useWatch } from "../push/useWatch";
import { Graph } from "./Graph";
import { OperatorTable } from "./OperatorTable";
import css from "./PipelineView.module.css";

/** One pipeline: its figures, what it waits for, its operators. */
export function PipelineView() {
  const { name } = useParams() as { name: string };
  const { data, error, refetch, isPending } = usePipeline(name);
  const why = useWhy();
  const { held } = useWatch(FIGURES);
  const figures = held.pipelines.filter((one) => one.pipeline === name);
  if (isPending) return <Waiting height="70vh" />;
  const above = <Go href="/pipelines">Pipelines</Go>;
  if (error) {
    return (
      <View title={name} above={above}>
        <Failure error={error} retry={() => void refetch()} />
      </View>
    );
  }
  const reasons = why.data?.filter((one) => one.pipeline === name) ?? [];
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
    >
      {data.error && <Failure error={{ title: `${name} has failed`, detail: data.error }} />}
      {figures[0] ? (
        <Totals pipelines={figures} eventTime={figures[0].watermark} />
      ) : (
        <Waiting height={118} label="Waiting for figures" />
      )}
      <Section title="What it waits for">
        {reasons.length === 0 ? (
          <p className={css.calm}>{why.isPending ? "\u2026" : "Nothing waits: no window is open."}</p>
        ) : (
          <ul className={css.reasons}>
            {reasons.map((one) => (
              <li key={one.sentence}>
                <p>
                  <Sentence text={one.sentence} />
                </p>
                {one.setting && <p className={css.setting}>{one.setting}</p>}
                <small>{one.operator}</small>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="How rows go through it">
        <Graph operators={data.operators} />
      </Section>
      <Section title="Ledger" headless>
        <OperatorTable operators={data.operators} />
      </Section>
    </View>
  );
}
