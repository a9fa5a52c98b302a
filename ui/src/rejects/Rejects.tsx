import { useState } from "react";
import { type Fate, type Rows, useRejects, useRejectsSummary } from "../api/asked";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Command } from "../pieces/Command";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Go } from "../pieces/Go";
import { Segmented } from "../pieces/Segmented";
import { Facts } from "../pieces/Facts";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Empty, Failure, Waiting } from "../pieces/States";
import { named } from "../push/watched";
import { number } from "../text/number";
import { pretty } from "../topics/pretty";
import own from "./Rejects.module.css";

const FIRST = ["time", "table", "operator", "code", "reason", "raw", "row", "lost", "window_start", "window_end"];
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
  const summary = useRejectsSummary(kind);
  const found = useRejects(kind, filters.code, filters.pipeline);
  const [opened, setOpened] = useState<TableRow | undefined>();
  const pages = found.data?.pages ?? [];
  const rows = pages.flatMap((page) => named(page));
  const columns = columnsOf(pages[0]).filter(({ name }) => rows.length === 0 || rows.some((row) => row[name] !== null));
  return (
    <View
      title="Rejects"
      note="No row disappears: what could not be used is kept with its reason, and with its bytes and place, or its values."
      tools={
        <>
          {filters.code && <Button onClick={() => setFilters({ code: undefined })}>{filters.code} ✕</Button>}
          <Segmented
            label="Which rows"
            value={kind}
            options={[
              { value: "rejected", label: "Rejected" },
              { value: "late", label: "Late" },
            ]}
            onChange={(show) => setFilters({ show: show === "late" ? "late" : undefined, code: undefined })}
          />
        </>
      }
    >
      <Summary summary={summary.data} kind={kind} onCode={(code) => setFilters({ code })} />
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
      {opened && <RowSheet row={opened} columns={columns} onClose={() => setOpened(undefined)} />}
    </View>
  );
}

function columnsOf(page: Rows | undefined): TableColumn[] {
  const place = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return (page?.columns ?? [])
    .map(({ name, type }): TableColumn => {
      const width = WIDE[name];
      const label = `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;
      return { name, label, type, hidden: !FIRST.includes(name), ...(width ? { width } : {}) };
    })
    .sort((a, b) => place(a.name) - place(b.name));
}

interface SummaryProps {
  summary: Rows | undefined;
  kind: Fate;
  onCode: (code: string) => void;
}

function Summary({ summary, kind, onCode }: SummaryProps) {
  const rows = summary ? named(summary) : [];
  if (rows.length === 0) return null;
  return (
    <ul className={own.chips} aria-label="By table and reason">
      {rows.slice(0, 12).map((row) => {
        const why = kind === "late" ? (row.lost ? "lost" : "partly late") : String(row.code);
        const text = (
          <>
            <span>{String(row.table)}</span> {why} <b>{number(Number(row.rows))}</b>
          </>
        );
        return (
          <li key={`${row.table} ${row.operator} ${why}`}>
            {kind === "late" ? (
              <span className={own.chip}>{text}</span>
            ) : (
              <Button onClick={() => onCode(why)}>{text}</Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function RowSheet({ row, columns, onClose }: { row: TableRow; columns: TableColumn[]; onClose: () => void }) {
  const { topic, partition, offset } = row;
  const bytes = row.raw ?? row.row;
  return (
    <Sheet title={String(row.code ?? "Late row")} open onClose={onClose}>
      <Facts>
        {columns
          .filter(({ name }) => !["raw", "row"].includes(name) && row[name] !== null)
          .map(({ name, label }) => (
            <Fact key={name} label={label} value={String(row[name])} />
          ))}
      </Facts>
      {typeof bytes === "string" && <Quoted text={pretty(bytes)} copied={bytes} label="Copy the bytes" />}
      {typeof topic === "string" && (
        <p>
          <Go
            href={`/topics/${encodeURIComponent(topic)}?${new URLSearchParams({ partition: String(partition), from: String(offset) })}`}
          >
            Its record in {topic}
          </Go>
        </p>
      )}
      <Command text={`penstock rejects show DIR ${row.id}`} />
    </Sheet>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
