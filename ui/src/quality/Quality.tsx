import { lazy, Suspense, useState } from "react";
import { useMay } from "../api/login";
import { MOST_ROWS, type RowState, useReplay, useRules, useSetAside } from "../api/quality";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import type { Value } from "../push/protocol";
import { Segmented } from "../pieces/Segmented";
import { Empty, Failure, Waiting } from "../pieces/States";
import { number, plural } from "../text/number";
import { Again } from "./Again";
import { RowSheet } from "./RowSheet";
import { ROW_TONES } from "./tones";

const OverTime = lazy(async () => ({ default: (await import("./OverTime")).OverTime }));

/** What matters most stands first: a phone shows three columns. */
const RULES: TableColumn[] = [
  { name: "rule", label: "Rule", type: "STRING", width: 208 },
  {
    name: "broken",
    label: "Broke it",
    type: "BIGINT",
    width: 76,
    tone: (value) => (Number(value) > 0 ? "attention" : undefined),
  },
  { name: "went", label: "Last time", type: "STRING", width: 84, tone: (value) => (value === "held" ? "good" : "bad") },
  { name: "rows", label: "Rows", type: "BIGINT" },
  { name: "table", label: "Table", type: "STRING" },
  { name: "then", label: "Consequence", type: "STRING", width: 116 },
  { name: "time", label: "At", type: "TIMESTAMP" },
  { name: "note", label: "Note", type: "STRING" },
  { name: "run", label: "Run or pipeline", type: "STRING", hidden: true },
];
const ROWS: TableColumn[] = [
  { name: "rule", label: "Rule", type: "STRING", width: 208 },
  { name: "state", label: "Now", type: "STRING", width: 88, tone: (value) => ROW_TONES[value as RowState] },
  { name: "reason", label: "Why", type: "STRING", width: 260 },
  { name: "time", label: "Set aside", type: "TIMESTAMP" },
  { name: "row", label: "Row", type: "STRING", width: 420 },
  { name: "table", label: "Table", type: "STRING", hidden: true },
  { name: "run", label: "Run or pipeline", type: "STRING", hidden: true },
];
const STATES: { value: RowState | ""; label: string }[] = [
  { value: "", label: "All" },
  { value: "open", label: "Open" },
  { value: "fixed", label: "Fixed" },
  { value: "replayed", label: "Replayed" },
  { value: "discarded", label: "Discarded" },
];

/** The rules about rows: how each went, and the rows that they have set aside, to be mended and brought in again. */
export function Quality() {
  const [filters, setFilters] = useFilters();
  const rules = useRules();
  const chosen = rules.data?.find((one) => one.rule === filters.rule && (!filters.of || one.table === filters.of));
  return (
    <View
      title="Quality"
      note="Rules about rows, in quality/: the same ones look at streams and at loads."
      tools={
        filters.rule && (
          <Button onClick={() => setFilters({ rule: undefined, of: undefined })}>Only {filters.rule}: show all</Button>
        )
      }
    >
      <Section title="Rules" headless>
        {rules.isPending && <Waiting height={160} shape="rows" />}
        {rules.error && <Failure error={rules.error} retry={() => void rules.refetch()} />}
        {rules.data && (
          <DataTable
            label="Rules"
            title="Rules"
            columns={RULES}
            rows={rules.data.map(ruleRow)}
            sort={{ column: "broken", descending: true }}
            onOpen={({ rule, table }) => setFilters({ rule: String(rule), of: String(table) })}
            empty={
              <Empty title="No rule has looked at a row yet">
                Rules are files quality/NAME.toml: not null, unique, a range, accepted values and more, each with what
                becomes of rows that break it.
              </Empty>
            }
          />
        )}
      </Section>
      {chosen && (
        <Suspense fallback={<Waiting height={200} />}>
          <OverTime rule={String(chosen.rule)} of={String(chosen.table)} />
        </Suspense>
      )}
      <SetAside rule={filters.rule} />
    </View>
  );
}

const ruleRow = (one: TableRow): TableRow => ({
  ...one,
  went: one.passed ? "held" : "broken",
  note: without(one.rule, one.note),
});

/** What is told of a rule, without its name: that stands beside it. */
const without = (rule: Value | undefined, told: Value | undefined): Value =>
  typeof told === "string" && told.startsWith(`${String(rule)}: `)
    ? told.slice(String(rule).length + 2)
    : (told ?? null);

function SetAside({ rule }: { rule: string | undefined }) {
  const [filters, setFilters] = useFilters();
  const state = STATES.find(({ value }) => value === filters.state)?.value ?? "";
  const found = useSetAside(rule, state || undefined);
  const may = useMay("operate");
  const replay = useReplay();
  const [opened, setOpened] = useState<string | undefined>();
  const fixed = (found.data ?? []).filter((one) => one.state === "fixed").map(({ id }) => String(id));
  const open = found.data?.find((one) => one.id === opened);
  return (
    <Section title="Rows that were set aside" headless>
      {found.isPending && <Waiting height={200} shape="rows" />}
      {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
      {replay.error && <Failure error={replay.error} />}
      {replay.data && <Again done={replay.data} />}
      {found.data && (
        <DataTable
          label="Rows that were set aside"
          title="Rows that were set aside"
          columns={ROWS}
          rows={found.data.map((one) => ({ ...one, reason: without(one.rule, one.reason) }))}
          onOpen={(row) => setOpened(String(row.id))}
          empty={state === "" ? "No rule has set a row aside." : `None of them is ${state}.`}
        >
          <Segmented
            label="Which rows"
            value={state}
            options={STATES}
            onChange={(next) => setFilters({ state: next || undefined }, true)}
          />
          {may && fixed.length > 0 && (
            <Button disabled={replay.isPending} onClick={() => replay.mutate(fixed)}>
              Replay the {plural(fixed.length, "row")} that {fixed.length === 1 ? "is" : "are"} fixed
            </Button>
          )}
          {found.data.length === MOST_ROWS && <span>The newest {number(MOST_ROWS)}</span>}
        </DataTable>
      )}
      {open && <RowSheet key={String(open.id)} row={open} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}
