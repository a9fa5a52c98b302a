import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useParams } from "wouter";
import { useRecords, useTopic } from "../api/asked";
import type { Schemas } from "../api/client";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Go } from "../pieces/Go";
import { Segmented } from "../pieces/Segmented";
import { Failure, Waiting } from "../pieces/States";
import { bytes, number, plural } from "../text/number";
import { AlterTopic } from "./AlterTopic";
import { Browse } from "./Browse";
import { DeleteTopic } from "./DeleteTopic";
import { groupHref } from "./Groups";
import { pipelineHref } from "../pipelines/whose";
import { Produce } from "./Produce";
import { keptOf } from "./Topics";
import css from "./TopicView.module.css";

type Topic = Schemas["TopicAnswer"];
type Part = "records" | "partitions" | "readers";

const PARTS: { value: Part; label: string }[] = [
  { value: "records", label: "Records" },
  { value: "partitions", label: "Partitions" },
  { value: "readers", label: "Readers" },
];

const PARTITIONS: TableColumn[] = [
  { name: "partition", label: "Partition", type: "INT" },
  { name: "rows", label: "Records", type: "BIGINT" },
  { name: "bytes", label: "Size", type: "BIGINT", unit: "bytes" },
  { name: "start", label: "First offset", type: "BIGINT" },
  { name: "end", label: "Next offset", type: "BIGINT" },
  { name: "first_timestamp", label: "Oldest", unit: "moment", none: "" },
  { name: "last_timestamp", label: "Newest", unit: "moment", none: "" },
];

const READERS: TableColumn[] = [
  {
    name: "name",
    label: "Reader",
    type: "STRING",
    href: ({ name, kind }) => (kind === "group" ? groupHref(String(name)) : pipelineHref(String(name))),
  },
  { name: "kind", label: "Is a", type: "STRING" },
  { name: "lag", label: "Lag", type: "BIGINT" },
];

/** One topic: its records, its partitions, who reads it; and what can be done with it. */
export function TopicView() {
  const { name } = useParams() as { name: string };
  const [filters, setFilters] = useFilters();
  const topic = useTopic(name);
  const [act, setAct] = useState<"produce" | "alter" | "delete" | undefined>();
  const may = useMay("operate");
  if (topic.isPending) return <Waiting height="70vh" />;
  const above = <Go href="/topics">Topics</Go>;
  const { data } = topic;
  if (!data) {
    return (
      <View title={name} above={above}>
        <Failure error={topic.error} retry={() => void topic.refetch()} />
      </View>
    );
  }
  const part = PARTS.find(({ value }) => value === filters.show)?.value ?? "records";
  const close = () => setAct(undefined);
  const written = data.rows_per_second > 0 ? `, ${number(data.rows_per_second, 0)} a second` : "";
  const ours = name.startsWith("__");
  return (
    <View
      title={name}
      above={above}
      note={`${plural(data.rows, "record")}${written}, ${bytes(data.bytes)} in ${plural(data.partitions, "partition")}`}
      tools={
        <>
          <Segmented
            label="What of it"
            value={part}
            options={PARTS}
            onChange={(show) => setFilters({ show: show === "records" ? undefined : show })}
          />
          {may && !ours && (
            <>
              <Button look="main" onClick={() => setAct("produce")}>
                <Plus size={14} aria-hidden="true" /> Record
              </Button>
              <Button onClick={() => setAct("alter")}>
                <Pencil size={14} aria-hidden="true" /> Alter
              </Button>
              <Button look="danger" onClick={() => setAct("delete")}>
                <Trash2 size={14} aria-hidden="true" /> Delete
              </Button>
            </>
          )}
        </>
      }
    >
      <Known topic={data} />
      {part === "records" && <Browse topic={data} filters={filters} setFilters={setFilters} />}
      {part === "partitions" && (
        <Section title="Partitions" headless>
          <DataTable
            label={`Partitions of ${name}`}
            title="Partitions"
            columns={PARTITIONS}
            rows={data.details as unknown as TableRow[]}
          />
        </Section>
      )}
      {part === "readers" && (
        <Section title="Readers" headless>
          <DataTable
            label={`Readers of ${name}`}
            title="Who reads it"
            columns={READERS}
            rows={data.readers as unknown as TableRow[]}
            empty="No pipeline and no consumer group has read it."
          />
        </Section>
      )}
      {act === "produce" && <ProduceLike topic={data} onClose={close} />}
      {act === "alter" && <AlterTopic topic={data} onClose={close} />}
      {act === "delete" && <DeleteTopic name={name} onClose={close} />}
    </View>
  );
}

function ProduceLike({ topic, onClose }: { topic: Topic; onClose: () => void }) {
  const newest = useRecords(topic.name, {});
  if (newest.isPending) return null;
  const like = newest.data?.pages[0]?.records.at(-1)?.value;
  return <Produce topic={topic} like={like?.startsWith("0x") ? undefined : (like ?? undefined)} onClose={onClose} />;
}

/** What is to be known of it at a glance. */
function Known({ topic }: { topic: Topic }) {
  const others = Object.entries(topic.configs).filter(([name]) => !/^(retention\.|cleanup\.policy)/.test(name));
  return (
    <dl className={css.facts}>
      <div>
        <dt>Tables over it</dt>
        <dd>
          {topic.tables.length === 0 && "none"}
          {topic.tables.map((table) => (
            <Go key={table} href={`/sql?${new URLSearchParams({ q: `SELECT *\nFROM ${table}\nLIMIT 100` })}`}>
              {table}{" "}
            </Go>
          ))}
        </dd>
      </div>
      <div>
        <dt>Kept</dt>
        <dd>{keptOf(topic)}</dd>
      </div>
      <div>
        <dt>Lag of the reader furthest behind</dt>
        <dd>{topic.lag === null ? "nobody reads it" : number(topic.lag)}</dd>
      </div>
      {others.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
