import { useState } from "react";
import { type Incident, useAcknowledge, useIncident } from "../api/alerts";
import type { Schemas } from "../api/client";
import { useMay } from "../api/login";
import { jobHref, runHref } from "../jobs/words";
import { Button } from "../pieces/Button";
import { Command } from "../pieces/Command";
import { exact } from "../pieces/column";
import { Facts } from "../pieces/Facts";
import { Form, TextField } from "../pieces/Form";
import { Go } from "../pieces/Go";
import { Moment } from "../pieces/Moment";
import { Sheet } from "../pieces/Sheet";
import { Failure, Waiting } from "../pieces/States";
import { useLink } from "../push/useWatch";
import { duration } from "../text/number";
import css from "./Alerts.module.css";
import { SilenceSheet } from "./SilenceSheet";
import { INCIDENT_TONES, keyText } from "./tones";

type Details = Schemas["IncidentDetails"];

/** One incident: what it is, how it went, who was told of it; and what one does about it. */
export function IncidentSheet({ identity, onClose }: { identity: string; onClose: () => void }) {
  const { data, error, isPending, refetch } = useIncident(identity);
  const [note, setNote] = useState("");
  const [silencing, setSilencing] = useState(false);
  const may = useMay("operate");
  const acknowledge = useAcknowledge(identity);
  const firing = data?.state === "firing";
  if (silencing && data) {
    return <SilenceSheet rules={[data.rule]} keyed={data.key} onClose={() => setSilencing(false)} />;
  }
  const acts = may && data && data.state !== "resolved" && data.kind !== "rule" && (
    <>
      <Button onClick={() => setSilencing(true)}>Silence…</Button>
      {firing && (
        <Button look="main" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate(note)}>
          Acknowledge
        </Button>
      )}
    </>
  );
  return (
    <Sheet title={data?.title ?? identity} open onClose={onClose} footer={acts || undefined}>
      {isPending && <Waiting height={320} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <div className={css.parts}>
          <What incident={data} />
          {may && firing && (
            <Form onSubmit={() => !acknowledge.isPending && acknowledge.mutate(note)}>
              <TextField
                label="What is known about it"
                whole
                value={note}
                onChange={setNote}
                note="Kept with the acknowledgement, with your name."
              />
            </Form>
          )}
          {acknowledge.error && <Failure error={acknowledge.error} />}
          <Course changes={data.changes} />
          <Told incident={data} />
          <Command text={`penstock alert incident DIR ${data.id}`} />
        </div>
      )}
    </Sheet>
  );
}

const ABOUT: Record<Incident["kind"], string> = { condition: "Rule", rule: "Rule", health: "Part", job: "Job" };

/** The rule, part or job that it is about. */
function Whose({ incident: { rule, kind } }: { incident: Incident }) {
  const name = rule.slice(rule.indexOf(".") + 1);
  if (kind === "health") return name;
  return kind === "job" ? (
    <Go href={jobHref(name)}>{name}</Go>
  ) : (
    <Go href={`/alerts/${encodeURIComponent(rule)}`}>{rule}</Go>
  );
}

function What({ incident }: { incident: Incident }) {
  const { state, key, values, description, runbook, start, fired, end, by, kind } = incident;
  const { eventTime } = useLink();
  const until = end ?? (kind === "condition" ? eventTime : undefined);
  const lasted = fired == null || until == null ? undefined : until - fired;
  return (
    <Facts>
      <dt>State</dt>
      <dd className={css[INCIDENT_TONES[state]]}>
        {state}
        {by && `, looked after by ${by}`}
      </dd>
      {description && <dt>What</dt>}
      {description && <dd>{description}</dd>}
      <dt>{ABOUT[kind]}</dt>
      <dd>
        <Whose incident={incident} />, {incident.severity}
      </dd>
      {Object.keys(key).length > 0 && <dt>Key</dt>}
      {Object.keys(key).length > 0 && <dd>{keyText(key)}</dd>}
      <dt>{kind !== "condition" ? "Since, by the clock" : "Held since"}</dt>
      <dd>
        <Moment ms={start} />
      </dd>
      {lasted !== undefined && <dt>Fired for</dt>}
      {lasted !== undefined && (
        <dd>
          {duration(lasted)}
          {end == null && ", and goes on"}
        </dd>
      )}
      {Object.keys(values).length > 0 && <dt>{kind === "job" ? "Its run" : "Its row"}</dt>}
      {Object.keys(values).length > 0 && (
        <dd>
          {Object.entries(values).map(([name, value]) => (
            <div key={name}>
              <span className={css.name}>{name}</span>{" "}
              {kind === "job" && name === "run" ? (
                <Go href={runHref(String(value))}>{String(value)}</Go>
              ) : (
                <span className={css.value}>{exact(value as never) || "null"}</span>
              )}
            </div>
          ))}
        </dd>
      )}
      {runbook && <dt>Runbook</dt>}
      {runbook && (
        <dd>
          {/^https?:\/\//.test(runbook) ? (
            <a href={runbook} rel="noreferrer noopener" target="_blank">
              {runbook}
            </a>
          ) : (
            runbook
          )}
        </dd>
      )}
    </Facts>
  );
}

function Course({ changes }: { changes: Details["changes"] }) {
  return (
    <section>
      <h2>How it went</h2>
      <ol className={css.course} aria-label="How it went">
        {changes.map((change, at) => (
          <li key={at}>
            <i className={css[INCIDENT_TONES[change.state]]} aria-hidden="true" />
            <span>
              <b>{change.state}</b>
              {change.by && ` by ${change.by}`}
              {change.at != null && (
                <>
                  {" "}
                  at <Moment ms={change.at} />
                </>
              )}
              {(change.note || change.description) && <small>{change.note || change.description}</small>}
              <small>
                known at <Moment ms={change.known} />
              </small>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const SAID: Record<string, string> = {
  planned: "will be told",
  sending: "is being told",
  sent: "was told",
  failed: "could not be told",
  withheld: "was not told",
};

function Told({ incident }: { incident: Details }) {
  return (
    <section>
      <h2>Who was told</h2>
      {incident.notifications.length === 0 && (
        <p className={css.name}>Nobody: its rule names no channel, or it fired too long before it was known.</p>
      )}
      <ul className={css.course} aria-label="Who was told">
        {incident.notifications.map((one) => (
          <li key={`${one.channel} ${one.state}`}>
            <i
              className={css[one.status === "sent" ? "good" : one.status === "failed" ? "bad" : "neutral"]}
              aria-hidden="true"
            />
            <span>
              <b>{one.channel}</b> {SAID[one.status] ?? one.status} that it is {one.state}
              {one.reason && <small>{one.reason}</small>}
              <small>
                <Moment ms={one.time} />
                {one.attempts > 1 && `, after ${one.attempts} attempts`}
              </small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
