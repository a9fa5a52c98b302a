import { navigate } from "wouter/use-browser-location";
import type { Run, RunState } from "../api/jobs";
import { Section } from "../frame/View";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { toSecond } from "../text/time";
import { lasted, jobHref, RUN_TONES, runHref, triggerWords } from "./words";

const JOB: TableColumn = { name: "job", label: "Job", type: "STRING", href: (row) => jobHref(String(row.job)) };
const COLUMNS: TableColumn[] = [
  { name: "scheduled", label: "For", unit: "moment", href: (row) => runHref(String(row.id)) },
  { name: "state", label: "State", type: "STRING", width: 96, tone: (value) => RUN_TONES[value as RunState] },
  { name: "took", label: "Took", type: "BIGINT", unit: "duration", width: 88, none: "" },
  { name: "why", label: "Why", type: "STRING", tone: (_, row) => RUN_TONES[row.state as RunState] },
  { name: "rows", label: "Rows read", type: "BIGINT", width: 96, none: "" },
  { name: "attempt", label: "Attempts", type: "INT", width: 88 },
  { name: "trigger", label: "Begun", type: "STRING", width: 180 },
  { name: "began", label: "Began", unit: "moment", hidden: true, none: "" },
  { name: "ended", label: "Ended", unit: "moment", hidden: true, none: "" },
  { name: "id", label: "Run", type: "STRING", hidden: true },
];

interface Props {
  runs: readonly Run[];
  now: number;
  /** Of several jobs: each row says which. */
  ofAll?: boolean;
}

/** Runs, the newest first. */
export function RunTable({ runs, now, ofAll }: Props) {
  return (
    <Section title="Runs" headless>
      <DataTable
        label="Runs"
        title="Runs"
        columns={ofAll ? [JOB, ...COLUMNS] : COLUMNS}
        rows={runs.map((run) => rowOf(run, now))}
        onOpen={(row) => navigate(runHref(String(row.id)))}
        empty="No run yet: each is listed here, from when it is due on."
      />
    </Section>
  );
}

const rowOf = ({ parameters: _, step_states: __, ...run }: Run, now: number): TableRow => ({
  ...run,
  scheduled: toSecond(run.scheduled),
  trigger: triggerWords(run),
  took: lasted(run, now) ?? null,
  rows: run.rows || null,
});
