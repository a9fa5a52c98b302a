import { useTables } from "../api/asked";
import { useNow } from "../frame/LiveLight";
import { exact, numberOf } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { Moment } from "../pieces/Moment";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { useLink, useWatch } from "../push/useWatch";
import { tablesIn } from "../sql/tablesIn";
import { duration, withUnit } from "../text/number";
import css from "./AskSheet.module.css";
import type { Asked } from "./asked";
import { type Panel, tableColumn } from "./model";
import { isProvisional } from "./pivot";
import { type Chosen, usePanelTopic } from "./usePanelTopic";

interface Props {
  panel: Panel;
  asked: Asked;
  chosen: Chosen;
  onClose: () => void;
}

/** Where a number comes from: exactly what it is, for which window, how old, of which question and rows. */
export function AskSheet({ panel, asked, chosen, onClose }: Props) {
  const topic = usePanelTopic(panel, chosen);
  const row = asked.rows.at(-1) ?? {};
  const start = row.window_start;
  const end = row.window_end;
  const columns = asked.columns.map((column) =>
    tableColumn(
      column,
      panel.columns?.find((one) => one.name === column.name),
    ),
  );
  const numeric = numberOf(asked.value);
  return (
    <Sheet title={panel.title} open onClose={onClose}>
      <div className={css.value}>
        <span className={asked.provisional ? "provisional" : ""}>
          {numeric === undefined ? exact(asked.value) : withUnit(numeric, asked.unit)}
        </span>
        <small>{asked.name}</small>
      </div>
      <Facts>
        <dt>Exactly</dt>
        <dd>
          <code>{exact(asked.value) || "null"}</code>
        </dd>
        <dt>State</dt>
        <dd>{asked.provisional ? "Provisional: its window is open, it may still change" : "Final"}</dd>
        {(start || end) && <dt>Window</dt>}
        {(start || end) && (
          <dd>
            {exact(start)} {start && end ? "to" : ""} {exact(end)} UTC
          </dd>
        )}
        {asked.time !== undefined && <dt>Stands for</dt>}
        {asked.time !== undefined && (
          <dd>
            <Moment ms={asked.time} />
          </dd>
        )}
        <Ages time={asked.time} topic={topic} />
        <dt>Comes from</dt>
        <dd>
          <Origins query={panel.open || panel.query || ""} saved={panel.saved ?? undefined} />
        </dd>
      </Facts>
      {topic?.query && (
        <section className={css.part}>
          <header>
            <h2>Its question</h2>
            <Go href={`/sql?${new URLSearchParams({ q: bound(topic.query, topic.parameters ?? {}) })}`}>Open in SQL</Go>
          </header>
          <Quoted text={topic.query} label="Copy the query" />
          {topic.parameters && <p className={css.parameters}>with {JSON.stringify(topic.parameters)}</p>}
        </section>
      )}
      <section className={css.part}>
        <h2>Its rows</h2>
        <DataTable label={`Rows of ${panel.title}`} columns={columns} rows={asked.rows} isProvisional={isProvisional} />
      </section>
    </Sheet>
  );
}

function Ages({ time, topic }: { time: number | undefined; topic: ReturnType<typeof usePanelTopic> }) {
  const now = useNow();
  const link = useLink();
  const watch = useWatch(topic ?? { metrics: ["pipelines"] });
  const watermark = link.eventTime ?? undefined;
  return (
    <>
      <dt>Watermark</dt>
      <dd>{watermark !== undefined ? <Moment ms={watermark} /> : link.eventTime === null ? "none yet" : "\u2026"}</dd>
      {time !== undefined && watermark !== undefined && (
        <>
          <dt>Age</dt>
          <dd>{time > watermark ? "not yet over" : `${duration(watermark - time)} of event time`}</dd>
        </>
      )}
      {watch.held.time !== undefined && (
        <>
          <dt>Told by the server</dt>
          <dd>{duration(Math.max(0, now + link.skew - watch.held.time))} ago</dd>
        </>
      )}
    </>
  );
}

function Origins({ query, saved }: { query: string; saved: string | undefined }) {
  const { data: tables = [] } = useTables();
  if (saved) return <>the saved query {saved}</>;
  const named = tablesIn(
    query,
    tables.map((table) => table.name),
  );
  const found = tables.filter((table) => named.includes(table.name));
  if (found.length === 0) return <>the query below</>;
  return (
    <ul>
      {found.map((table) => (
        <li key={table.name}>
          {table.topic ? <Go href={`/topics/${table.topic}`}>{table.name}</Go> : table.name}
          {table.written_by.map((pipeline) => (
            <span key={pipeline}>
              {", written by "}
              <Go href={`/pipelines/${pipeline}`}>{pipeline}</Go>
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

/** The question with its parameters in place, to be read and tried by a person. */
function bound(query: string, parameters: Record<string, unknown>): string {
  return query.replaceAll(/\$([A-Za-z_]\w*)/g, (whole, name: string) => {
    if (!(name in parameters)) return whole;
    const value = parameters[name];
    if (value === null || value === undefined) return "NULL";
    return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
  });
}
