import { type Incident, type IncidentState, useIncidents } from "../api/alerts";
import { useFilters } from "../frame/useFilters";
import { Section } from "../frame/View";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Segmented } from "../pieces/Segmented";
import { Empty, Failure, Waiting } from "../pieces/States";
import { INCIDENT_TONES, keyText } from "./tones";

/** In place of a moment, where there is none yet. */
const GOES_ON = "not yet";
const TALLEST = 480;

const CHOICES: { value: string; label: string; states: IncidentState[] }[] = [
  { value: "", label: "All that fired", states: [] },
  { value: "open", label: "Open", states: ["firing", "acknowledged"] },
  { value: "pending", label: "Pending", states: ["pending"] },
  { value: "resolved", label: "Resolved", states: ["resolved"] },
];

const COLUMNS: TableColumn[] = [
  { name: "title", label: "Incident", type: "STRING" },
  {
    name: "state",
    label: "State",
    type: "STRING",
    width: 118,
    tone: (value) => INCIDENT_TONES[value as IncidentState],
  },
  { name: "severity", label: "Severity", type: "STRING", width: 96 },
  { name: "key", label: "Key", type: "STRING" },
  { name: "start", label: "Since", unit: "moment" },
  { name: "fired", label: "Fired", unit: "moment" },
  { name: "end", label: "Ended", unit: "moment" },
  { name: "by", label: "Looked after by", type: "STRING" },
  { name: "rule", label: "Rule", type: "STRING", hidden: true },
  { name: "description", label: "Description", type: "STRING", hidden: true },
];

interface Props {
  /** Of one rule; else of all. */
  rule?: string;
  onOpen: (identity: string) => void;
}

/** What the rules have found, the newest first; which of them is in the address. */
export function Incidents({ rule, onOpen }: Props) {
  const [filters, setFilters] = useFilters();
  const choice = CHOICES.find((one) => one.value === filters.show) ?? CHOICES[0];
  const found = useIncidents(rule, choice?.states);
  const rows = (found.data ?? []).map(rowOf);
  return (
    <Section title="Incidents" headless>
      {found.isPending && <Waiting height={240} />}
      {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label="Incidents"
          title="Incidents"
          columns={COLUMNS}
          rows={rows}
          height={Math.min(TALLEST, 36 + Math.max(3, rows.length) * 32)}
          onOpen={(row) => onOpen(String(row.id))}
          empty={<Empty title="None">{emptyText(choice?.value)}</Empty>}
        >
          <Segmented
            label="Which incidents"
            value={choice?.value}
            options={CHOICES}
            onChange={(show) => setFilters({ show: show || undefined }, true)}
          />
        </DataTable>
      )}
    </Section>
  );
}

function emptyText(choice: string | undefined): string {
  if (choice === "open") return "Nothing fires.";
  if (choice === "pending") return "No condition holds that has not held for long enough.";
  return "Incidents are listed here once a rule has fired.";
}

const rowOf = ({ key, values: _, ...one }: Incident): TableRow => ({
  ...one,
  key: keyText(key),
  end: one.end ?? GOES_ON,
});
