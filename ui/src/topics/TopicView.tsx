import { useState } from "react";
import { useParams } from "wouter";
import { type Place, useRecords, useTopic } from "../api/asked";
import type { Schemas } from "../api/client";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Choice } from "../pieces/Choice";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { Moment } from "../pieces/Moment";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Typed } from "../pieces/Typed";
import { Empty, Failure, Waiting } from "../pieces/States";
import { bytes, number } from "../text/number";
import { pretty } from "./pretty";
import css from "./TopicView.module.css";

type Record_ = Schemas["Record"];

const COLUMNS: TableColumn[] = [
  { name: "partition", label: "Partition", type: "INT", width: 96 },
  { name: "offset", label: "Offset", type: "BIGINT", width: 108 },
  { name: "timestamp", label: "Time", unit: "moment" },
  { name: "key", label: "Key", type: "STRING" },
  { name: "value", label: "Value", type: "STRING", width: 720 },
];

/** A look into one topic: its partitions, who reads it, its records. */
export function TopicView() {
  const { name } = useParams() as { name: string };
  const [filters, setFilters] = useFilters();
  const [opened, setOpened] = useState<Record_ | undefined>();
  const topic = useTopic(name);
  const place: Place = {
    from: filters.from,
    partition: filters.partition ? Number(filters.partition) : undefined,
    key: filters.key,
  };
  const found = useRecords(name, place);
  if (topic.isPending) return <Waiting height="70vh" />;
  const above = <Go href="/topics">Topics</Go>;
  if (topic.error) {
    return (
      <View title={name} above={above}>
        <Failure error={topic.error} retry={() => void topic.refetch()} />
      </View>
    );
  }
  const { data } = topic;
  const records = found.data?.pages.flatMap((page) => page.records) ?? [];
  const partitions = [
    { value: "", label: "all" },
    ...data.details.map((one) => ({ value: String(one.partition), label: String(one.partition) })),
  ];
  return (
    <View
      title={name}
      above={above}
      note={`${number(data.rows)} records, ${bytes(data.bytes)} in ${data.partitions} partitions`}
      tools={
        <>
          <Choice
            label="From"
            value={filters.from ?? ""}
            options={[
              { value: "", label: "the last 100" },
              { value: "earliest", label: "the oldest" },
              ...(filters.from && filters.from !== "earliest" ? [{ value: filters.from, label: filters.from }] : []),
            ]}
            onChange={(from) => setFilters({ from })}
          />
          <Choice
            label="Partition"
            value={filters.partition ?? ""}
            options={partitions}
            onChange={(partition) => setFilters({ partition })}
          />
          <Typed label="Key" value={filters.key ?? ""} onChange={(key) => setFilters({ key })} />
          <Button onClick={() => void found.refetch()}>Refresh</Button>
        </>
      }
    >
      <dl className={css.facts}>
        <Fact name="Tables" value={data.tables.join(", ") || "none"} />
        {data.readers.map((reader) => (
          <Fact key={reader.group} name={`Read by ${reader.group}`} value={`${number(reader.lag)} behind`} />
        ))}
        {Object.entries(data.configs).map(([key, value]) => (
          <Fact key={key} name={key} value={value} />
        ))}
      </dl>
      <Section title="Records" headless>
        {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
        {found.isPending && <Waiting height={320} />}
        {found.data && (
          <DataTable
            label={`Records of ${name}`}
            title="Records"
            columns={COLUMNS}
            rows={records as unknown as TableRow[]}
            height={Math.min(680, 36 + Math.max(1, records.length) * 32)}
            onOpen={(row) => setOpened(row as unknown as Record_)}
            empty={
              <Empty title="No record here" command={`penstock topic write DIR ${name} FILE.jsonl`}>
                The topic is empty, or no record fits the filters.
              </Empty>
            }
          >
            {found.hasNextPage && (
              <Button onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>
                Load more
              </Button>
            )}
          </DataTable>
        )}
      </Section>
      {opened && <RecordSheet record={opened} onClose={() => setOpened(undefined)} />}
    </View>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function RecordSheet({ record, onClose }: { record: Record_; onClose: () => void }) {
  const value = record.value === null ? "null, a tombstone" : pretty(record.value);
  return (
    <Sheet title={`Partition ${record.partition}, offset ${record.offset}`} open onClose={onClose}>
      <Facts>
        <dt>Time</dt>
        <dd>
          <Moment ms={record.timestamp} />
        </dd>
        <dt>Key</dt>
        <dd>
          <code>{record.key ?? "null"}</code>
        </dd>
        {Object.entries(record.headers).map(([name, text]) => (
          <Header key={name} name={name} text={text} />
        ))}
      </Facts>
      <Quoted text={value} copied={record.value ?? ""} label="Copy the value" />
    </Sheet>
  );
}

function Header({ name, text }: { name: string; text: string | null }) {
  return (
    <>
      <dt>Header {name}</dt>
      <dd>
        <code>{text ?? "null"}</code>
      </dd>
    </>
  );
}
