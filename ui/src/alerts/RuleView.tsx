import { useState } from "react";
import { useParams } from "wouter";
import { navigate } from "wouter/use-browser-location";
import { useAlert } from "../api/alerts";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { Quoted } from "../pieces/Quoted";
import { Failure, Waiting } from "../pieces/States";
import { plural } from "../text/number";
import css from "./Alerts.module.css";
import { Backtest } from "./Backtest";
import { DeleteRule } from "./DeleteRule";
import { IncidentSheet } from "./IncidentSheet";
import { Incidents } from "./Incidents";
import { EditRule } from "./RuleSheet";
import { SilenceSheet } from "./SilenceSheet";
import { RULE_TONES, tells } from "./tones";

/** One rule: how it is, what it has found, and what it would have. */
export function RuleView() {
  const { name } = useParams() as { name: string };
  const { data, error, isPending, refetch } = useAlert(name);
  const [filters, setFilters] = useFilters();
  const [silencing, setSilencing] = useState(false);
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const may = useMay("operate");
  const known = data && data.state !== "wrong";
  return (
    <View
      title={name}
      above={<Go href="/alerts">Alerts</Go>}
      note={data?.title}
      tools={
        may && (
          <>
            {known && <Button onClick={() => setSilencing(true)}>Silence…</Button>}
            {data && <Button onClick={() => setDeleting(true)}>Delete…</Button>}
            <Button onClick={() => setEditing(true)}>Edit</Button>
          </>
        )
      }
    >
      {isPending && <Waiting height={200} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <Section title="The rule">
          <div className={css.padded}>
            <Facts>
              <dt>State</dt>
              <dd className={css[RULE_TONES[data.state]]}>
                {data.state}
                {data.firing > 0 && `: ${plural(data.firing, "incident")}`}
                {data.pending > 0 && `, ${data.pending} pending`}
              </dd>
              {data.reason && <dt>{tells(data.state) ? "Why" : "Why it cannot tell"}</dt>}
              {data.reason && <dd>{data.reason}</dd>}
              <dt>Severity</dt>
              <dd>{data.severity || "\u2013"}</dd>
              <dt>Who is told</dt>
              <dd>{data.notify.join(", ") || "nobody"}</dd>
              {known && <dt>In ledger and rejects</dt>}
              {known && <dd>alert.{name}</dd>}
            </Facts>
            <Quoted text={data.text.trim()} label="Copy the file" />
          </div>
        </Section>
      )}
      {known && <Backtest name={name} />}
      {known && <Incidents rule={name} onOpen={(incident) => setFilters({ incident })} />}
      {filters.incident && (
        <IncidentSheet identity={filters.incident} onClose={() => setFilters({ incident: undefined })} />
      )}
      {editing && <EditRule name={name} onClose={() => setEditing(false)} />}
      {deleting && data && (
        <DeleteRule rule={data} onClose={() => setDeleting(false)} onGone={() => navigate("/alerts")} />
      )}
      {silencing && <SilenceSheet rules={[name]} onClose={() => setSilencing(false)} />}
    </View>
  );
}
