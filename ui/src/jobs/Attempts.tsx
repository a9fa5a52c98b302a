import type { RunDetails } from "../api/jobs";
import { Section } from "../frame/View";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";

const COLUMNS: TableColumn[] = [
  { name: "number", label: "Attempt", type: "INT" },
  { name: "began", label: "Began", unit: "moment" },
  { name: "took", label: "Took", type: "BIGINT", unit: "duration" },
  { name: "step", label: "Ended in", type: "STRING", width: 160 },
  { name: "error", label: "By", type: "STRING", tone: (value) => (value === "" ? undefined : "bad") },
];

/** The attempts that have ended, the first one first. */
export function Attempts({ attempts }: { attempts: RunDetails["attempts"] }) {
  return (
    <Section title="Attempts" headless>
      <DataTable
        label="Attempts"
        title="Attempts"
        columns={COLUMNS}
        rows={attempts.map(({ ended, ...one }) => ({ ...one, took: ended - one.began }))}
      />
    </Section>
  );
}
