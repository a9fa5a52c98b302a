import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { NEWEST, type Place, useRecords } from "../api/asked";
import type { Schemas } from "../api/client";
import type { Filters } from "../frame/useFilters";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import { Choice } from "../pieces/Choice";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { Typed } from "../pieces/Typed";
import { plural, short } from "../text/number";
import css from "./Browse.module.css";
import { digits } from "../text/hex";
import { RecordSheet } from "./RecordSheet";

const COLUMNS: TableColumn[] = [
  { name: "partition", label: "Partition", type: "INT", width: 96 },
  { name: "offset", label: "Offset", type: "BIGINT", width: 108 },
  { name: "timestamp", label: "Time", unit: "moment" },
  { name: "key", label: "Key", type: "STRING" },
  { name: "value", label: "Value", type: "STRING", width: 720 },
];

/** Avro beside its bytes: what it says, and by which schema. */
const WITH_AVRO: TableColumn[] = [
  ...COLUMNS.slice(0, -1),
  { name: "schema", label: "Schema", type: "INT", width: 96 },
  {
    name: "decoded",
    label: "Avro",
    type: "STRING",
    width: 560,
    tone: (_, row) => (row.unread ? "bad" : undefined),
  },
  { name: "value", label: "Bytes", type: "STRING", width: 360 },
];

interface Props {
  topic: Schemas["TopicAnswer"];
  filters: Filters;
  setFilters: (change: Filters) => void;
}

/** The records of a topic: from a place on, of a key, with a header, or for which a condition holds. */
export function Browse({ topic, filters, setFilters }: Props) {
  const { from, partition, key, header, where, table } = filters;
  const place: Place = { from, partition, key, header, where, table };
  const search = useSearchOf(topic.name, place);
  const [opened, setOpened] = useState<Schemas["Record"] | undefined>();
  const { found, records } = search;
  const rows = records.map(({ decoded, ...one }) => ({
    ...one,
    value: decoded && one.value !== null ? digits(one.value) : one.value,
    schema: decoded?.schema_id ?? null,
    decoded: decoded ? (decoded.text ?? `cannot be read: ${decoded.error}`) : null,
    unread: decoded?.error ?? null,
  }));
  const hasAvro = records.some((one) => one.decoded);
  const partitions = topic.details.map((one) => ({ value: String(one.partition), label: String(one.partition) }));
  const placed = from !== undefined && from !== "earliest";
  return (
    <Section title="Records" headless>
      <div className={css.filters} role="search" aria-label={`Records of ${topic.name}`}>
        <Choice
          label="From"
          value={placed ? "at" : (from ?? "")}
          options={[
            { value: "", label: search.wanted ? "the oldest" : `the newest ${NEWEST}` },
            ...(search.wanted ? [] : [{ value: "earliest", label: "the oldest" }]),
            { value: "at", label: "an offset or time\u2026" },
          ]}
          onChange={(value) => setFilters({ from: value === "at" ? "0" : value })}
        />
        {placed && <Typed label="at" value={from} onChange={(value) => setFilters({ from: value.trim() })} />}
        <Choice
          label="Partition"
          value={partition ?? ""}
          options={[{ value: "", label: "all" }, ...partitions]}
          onChange={(value) => setFilters({ partition: value })}
        />
        <Typed label="Key" value={key ?? ""} onChange={(value) => setFilters({ key: value })} />
        <Typed
          label="Header"
          value={header ?? ""}
          placeholder="NAME=VALUE"
          onChange={(value) => setFilters({ header: value })}
        />
        {topic.tables.length > 1 && (
          <Choice
            label="As"
            value={table ?? topic.tables[0] ?? ""}
            options={topic.tables.map((one) => ({ value: one, label: one }))}
            onChange={(value) => setFilters({ table: value })}
          />
        )}
        {topic.tables.length > 0 && (
          <Typed
            label="Where"
            className={css.where}
            value={where ?? ""}
            placeholder={`a condition over the columns of ${table ?? topic.tables[0]}, in SQL`}
            onChange={(value) =>
              setFilters({ where: value, ...(topic.tables.length > 1 ? { table: table ?? topic.tables[0] } : {}) })
            }
          />
        )}
      </div>
      {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && !search.wanted && <Waiting height={320} shape="rows" />}
      {(found.data || (search.wanted && !found.error)) && (
        <DataTable
          label={`Records of ${topic.name}`}
          title="Records"
          key={String(hasAvro)}
          columns={hasAvro ? WITH_AVRO : COLUMNS}
          rows={rows as unknown as TableRow[]}
          height={Math.min(680, 36 + Math.max(3, records.length) * 32)}
          onOpen={(row) =>
            setOpened(records.find((one) => one.partition === row.partition && one.offset === row.offset))
          }
          empty={
            search.goes ? (
              "None yet."
            ) : (
              <Empty title="No record here" command={`penstock topic write DIR ${topic.name} FILE.jsonl`}>
                {topic.rows === 0 ? "The topic is empty." : "None of its records is as the filters say."}
              </Empty>
            )
          }
        >
          <Progress search={search} />
          <Button look="plain" onClick={search.again}>
            Refresh
          </Button>
        </DataTable>
      )}
      {opened && <RecordSheet record={opened} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}

type Search = ReturnType<typeof useSearchOf>;

/** How far a search is, and the way to end it or to go on. */
function Progress({ search }: { search: Search }) {
  const { looked, left } = search;
  return (
    <span className={css.search}>
      {(search.wanted || search.goes) && (
        <>
          {left > 0 && <progress max={looked + left} value={looked} aria-label="How far the search is" />}
          <span aria-live="polite">
            {`${short(looked)} ${left > 0 ? `of ${short(looked + left)} ` : ""}looked at`}
            {search.stopped && ", cancelled"}
          </span>
        </>
      )}
      {search.goes && search.wanted && <Button onClick={search.stop}>Cancel</Button>}
      {!search.goes && search.more && (
        <Button onClick={search.goOn}>
          {search.stopped ? "Go on" : `Load more (${plural(left, "record")} ${left === 1 ? "is" : "are"} left)`}
        </Button>
      )}
    </span>
  );
}

/** Looks page after page until some records are found, the end is reached, or one says that it is enough. */
function useSearchOf(topic: string, place: Place) {
  const queries = useQueryClient();
  const name = JSON.stringify(place);
  const [told, setTold] = useState({ name, wanted: NEWEST, stopped: false });
  const { wanted: enough, stopped } = told.name === name ? told : { wanted: NEWEST, stopped: false };
  const found = useRecords(topic, place);
  const { fetchNextPage, hasNextPage, isFetching, isError } = found;
  const pages = found.data?.pages ?? [];
  const records = pages.flatMap((page) => page.records);
  const newest = place.from === undefined && pages.length === 1 && !pages[0]?.next;
  const lacking = records.length < enough;
  const goesOn = !stopped && hasNextPage && lacking && !isError;
  useEffect(() => {
    if (goesOn && !isFetching) void fetchNextPage();
  }, [goesOn, isFetching, fetchNextPage]);
  return {
    found,
    records: newest && !wants(place) ? records.toReversed() : records,
    /** Whether records are looked for, rather than taken as they come. */
    wanted: wants(place),
    goes: isFetching || goesOn,
    stopped,
    more: hasNextPage || (stopped && pages.length === 0),
    looked: pages.reduce((sum, page) => sum + page.looked, 0),
    left: pages.at(-1)?.left ?? 0,
    stop: () => {
      setTold({ name, wanted: enough, stopped: true });
      void queries.cancelQueries({ queryKey: ["topics", topic, "records"] });
    },
    goOn: () => {
      setTold({ name, wanted: records.length + NEWEST, stopped: false });
      if (pages.length === 0) void found.refetch();
    },
    again: () => {
      setTold({ name, wanted: NEWEST, stopped: false });
      void queries.resetQueries({ queryKey: ["topics", topic, "records"] });
    },
  };
}

const wants = ({ key, header, where }: Place) => Boolean(key ?? header ?? where);
