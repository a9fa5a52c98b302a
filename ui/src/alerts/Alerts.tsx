import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { type AlertState, useAlerts } from "../api/alerts";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { IncidentSheet } from "./IncidentSheet";
import { Incidents } from "./Incidents";
import { NewRule } from "./RuleSheet";
import { SilenceSheet } from "./SilenceSheet";
import { Silences } from "./Silences";
import { RULE_TONES } from "./tones";

const href = (row: TableRow) => `/alerts/${encodeURIComponent(String(row.name))}`;

const COLUMNS: TableColumn[] = [
  { name: "name", label: "Rule", type: "STRING", href },
  {
    name: "state",
    label: "State",
    type: "STRING",
    width: 96,
    tone: (value) => RULE_TONES[value as AlertState["state"]],
  },
  { name: "firing", label: "Firing", type: "BIGINT", tone: (value) => (Number(value) > 0 ? "bad" : undefined) },
  { name: "pending", label: "Pending", type: "BIGINT", tone: (value) => (Number(value) > 0 ? "attention" : undefined) },
  { name: "severity", label: "Severity", type: "STRING", width: 96 },
  { name: "notify", label: "Who is told", type: "STRING", width: 140 },
];
const TITLE: TableColumn = { name: "title", label: "Title", type: "STRING" };
const REASON: TableColumn = { name: "reason", label: "Why it cannot tell", type: "STRING" };

/** The rules and how each is, what they have found, and what nobody is told of. */
export function Alerts() {
  const [filters, setFilters] = useFilters();
  const [silencing, setSilencing] = useState(false);
  const [making, setMaking] = useState(false);
  const rules = useAlerts();
  const may = useMay("operate");
  const names = (rules.data ?? []).map((one) => one.name);
  return (
    <View
      title="Alerts"
      note="A rule is a file of alerts/: a condition on the rows of a query, followed for each key in event time."
      tools={
        may && (
          <>
            {names.length > 0 && <Button onClick={() => setSilencing(true)}>Silence a rule</Button>}
            <Button onClick={() => setMaking(true)}>New rule</Button>
          </>
        )
      }
    >
      <Section title="Rules" headless>
        {rules.isPending && <Waiting height={160} />}
        {rules.error && <Failure error={rules.error} retry={() => void rules.refetch()} />}
        {rules.data && (
          <DataTable
            label="Rules"
            title="Rules"
            columns={rules.data.some((one) => one.reason) ? [...COLUMNS, REASON, TITLE] : [...COLUMNS, TITLE]}
            rows={rules.data.map((one) => ({ ...one, notify: one.notify.join(", ") || "nobody" }))}
            onOpen={(row) => navigate(href(row))}
            empty={
              <Empty title="No rule yet">
                Make one here, or write alerts/NAME.toml, or ask a question in SQL and save it as an alert. It runs at
                once.
              </Empty>
            }
          />
        )}
      </Section>
      <Incidents onOpen={(incident) => setFilters({ incident })} />
      <Silences />
      {filters.incident && (
        <IncidentSheet identity={filters.incident} onClose={() => setFilters({ incident: undefined })} />
      )}
      {making && <NewRule taken={names} onClose={() => setMaking(false)} />}
      {silencing && <SilenceSheet rules={names} onClose={() => setSilencing(false)} />}
    </View>
  );
}
