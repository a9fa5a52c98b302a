import { useState } from "react";
import { type Chosen, type Fate, type Rows, useRejects } from "../api/asked";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Segmented } from "../pieces/Segmented";
import { Empty, Failure, Waiting } from "../pieces/States";
import { named } from "../push/watched";
import { plural } from "../text/number";
import { Discard, Replay } from "./Acts";
import { copiedFrom, STATE_TONES, type State, stateOf } from "./fate";
import { Reasons } from "./Reasons";
import { RowSheet } from "./RowSheet";

const FIRST = [
  "time",
  "fate",
  "copy_of",
  "table",
  "operator",
  "code",
  "reason",
  "raw",
  "row",
  "lost",
  "window_start",
  "window_end",
];
const WIDE: Record<string, number> = {
  raw: 420,
  row: 420,
  reason: 420,
  code: 140,
  lost: 72,
  window_start: 204,
  window_end: 204,
};

/** Rows that could not be read, or came too late: each with its bytes and its reason. */
export function Rejects() {
  const [filters, setFilters] = useFilters();
  const kind: Fate = filters.show === "late" ? "late" : "rejected";
  const found = useRejects(kind, filters.code, filters.pipeline);
  const [opened, setOpened] = useState<TableRow | undefined>();
  const pages = found.data?.pages ?? [];
  const rows = pages
    .flatMap((page) => named(page))
    .map((row): TableRow => ({ ...row, fate: stateOf(row), copy_of: copiedFrom(row) }));
  const columns = columnsOf(pages[0]).filter(
    ({ name, hidden }) => hidden || rows.length === 0 || rows.some((row) => row[name] !== null),
  );
  const may = useMay("operate");
  const [act, setAct] = useState<{ of: typeof Replay | typeof Discard; chosen: Chosen } | undefined>();
  const waiting = rows.filter((row) => row.fate === "waits");
  // what a query made of many has no message that could be appended again
  const whole = waiting.filter((row) => row.offset != null);
  // those that wait now: what is asked again meanwhile changes nothing of what is being done
  const begin = (of: typeof Replay | typeof Discard, chosen: TableRow[]) =>
    setAct({ of, chosen: { kind, ids: chosen.map((row) => Number(row.id)), values: {} } });
  const only = filters.code ?? filters.pipeline;
  return (
    <View
      title="Rejects"
      note="No row disappears: what could not be used is kept with its reason, and with its bytes and place, or its values."
      tools={
        <>
          {only && (
            <Button onClick={() => setFilters({ code: undefined, pipeline: undefined })}>
              {[filters.code, filters.pipeline].filter(Boolean).join(" in ")} ✕
            </Button>
          )}
          <Segmented
            label="Which rows"
            value={kind}
            options={[
              { value: "rejected", label: "Rejected" },
              { value: "late", label: "Late" },
            ]}
            onChange={(show) =>
              setFilters({ show: show === "late" ? "late" : undefined, code: undefined, pipeline: undefined })
            }
          />
        </>
      }
    >
      <Reasons kind={kind} setFilters={setFilters} />
      <Section title={kind === "late" ? "Rows that came too late" : "Rows that were rejected"} headless>
        {found.isPending && <Waiting height={320} />}
        {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
        {found.data && (
          <DataTable
            label={kind === "late" ? "Late rows" : "Rejected rows"}
            title={kind === "late" ? "Too late" : "Rejected"}
            columns={columns}
            rows={rows}
            height={Math.min(680, 36 + Math.max(3, rows.length) * 32)}
            onOpen={setOpened}
            empty={
              <Empty title={kind === "late" ? "No row was late" : "No row was rejected"}>
                Rows will be listed here as soon as there is one.
              </Empty>
            }
          >
            {may && whole.length > 0 && (
              <Button onClick={() => begin(Replay, whole)}>Replay the {waitingWords(whole.length)}</Button>
            )}
            {may && waiting.length > 0 && (
              <Button onClick={() => begin(Discard, waiting)}>
                Discard {whole.length === waiting.length ? "them" : `the ${waitingWords(waiting.length)}`}
              </Button>
            )}
            <Button look="plain" onClick={() => void found.refetch()}>
              Refresh
            </Button>
            {found.hasNextPage && (
              <Button look="plain" onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>
                Load more
              </Button>
            )}
          </DataTable>
        )}
      </Section>
      {opened && (
        <RowSheet
          row={opened}
          kind={kind}
          columns={columns}
          again={rows.some((row) => isCopy(row, opened))}
          onClose={() => setOpened(undefined)}
        />
      )}
      {act && <act.of chosen={act.chosen} onClose={() => setAct(undefined)} />}
    </View>
  );
}

/** Whether `row` is the copy that `original` was replayed as. */
const isCopy = (row: TableRow, original: TableRow): boolean =>
  original.replayed_offset != null &&
  row !== original &&
  row.topic === original.topic &&
  row.partition === original.replayed_partition &&
  row.offset === original.replayed_offset;

const waitingWords = (rows: number): string => `${plural(rows, "row")} that ${rows === 1 ? "waits" : "wait"}`;

const FATE: TableColumn = {
  name: "fate",
  label: "Now",
  type: "STRING",
  tone: (value) => STATE_TONES[value as State],
};

const COPY_OF: TableColumn = { name: "copy_of", label: "Copy of", type: "STRING", width: 96 };

function columnsOf(page: Rows | undefined): TableColumn[] {
  const place = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const told = (page?.columns ?? []).map(({ name, type }): TableColumn => {
    const width = WIDE[name];
    const label = `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;
    return { name, label, type, hidden: !FIRST.includes(name), ...(width ? { width } : {}) };
  });
  return [FATE, COPY_OF, ...told].sort((a, b) => place(a.name) - place(b.name));
}
