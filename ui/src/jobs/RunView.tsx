import { useState } from "react";
import { useParams } from "wouter";
import { hasEnded, type RunDetails, useEndRun, useRun } from "../api/jobs";
import { useMay } from "../api/login";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { Moment } from "../pieces/Moment";
import { SameAs } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure, Waiting } from "../pieces/States";
import { duration, number, plural } from "../text/number";
import { shell } from "../text/shell";
import { Attempts } from "./Attempts";
import { Cause } from "./Cause";
import css from "./Jobs.module.css";
import { RunLog } from "./RunLog";
import { Steps } from "./Steps";
import { toSecond } from "../text/time";
import { jobHref, lasted, RUN_TONES, runHref, triggerWords } from "./words";
import { When } from "./When";

type Act = "cancel" | "retry";

/** One run: what its steps did, what went wrong, and what it wrote meanwhile. */
export function RunView() {
  const { identity } = useParams() as { identity: string };
  const { data, error, isPending, refetch, dataUpdatedAt } = useRun(identity);
  const may = useMay("operate");
  const [act, setAct] = useState<Act | undefined>();
  const goes = data !== undefined && !hasEnded(data);
  return (
    <View
      title={identity}
      above={data ? <Go href={jobHref(data.job)}>{data.job}</Go> : <Go href="/jobs">Jobs</Go>}
      tools={
        may &&
        data && (
          <>
            {goes && (
              <Button disabled={data.cancelled_by !== ""} onClick={() => setAct("cancel")}>
                Cancel…
              </Button>
            )}
            {(data.state === "failed" || data.state === "cancelled") && (
              <Button look="main" onClick={() => setAct("retry")}>
                Try again…
              </Button>
            )}
          </>
        )
      }
    >
      {isPending && <Waiting height={240} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (data.state === "failed" || data.state === "partial") && <Cause run={data} />}
      {data && <About run={data} now={dataUpdatedAt} />}
      {data && <Steps run={data} now={dataUpdatedAt} />}
      {data && data.attempts.length > 1 && <Attempts attempts={data.attempts} />}
      {data && <RunLog identity={identity} goes={goes} />}
      {data && act && <ActSheet run={data} act={act} onClose={() => setAct(undefined)} />}
    </View>
  );
}

function About({ run, now }: { run: RunDetails; now: number }) {
  const took = lasted(run, now);
  const parameters = Object.entries(run.parameters);
  const waits = run.state === "waiting";
  return (
    <Section title="The run">
      <div className={css.padded}>
        <Facts>
          <dt>State</dt>
          <dd className={css[RUN_TONES[run.state]]}>
            {run.state}
            {run.cancelled_by && `, ${run.state === "cancelled" ? "ended" : "is to be ended"} by ${run.cancelled_by}`}
          </dd>
          <dt>For</dt>
          <dd>
            <Moment ms={toSecond(run.scheduled)} zoned />
          </dd>
          <dt>Begun</dt>
          <dd>{run.trigger === "job" ? <Go href={runHref(run.by)}>{triggerWords(run)}</Go> : triggerWords(run)}</dd>
          {waits && <dt>{run.attempt > 0 ? "Next attempt" : "Due"}</dt>}
          {waits && (
            <dd>
              <When ms={run.due} now={now} />
            </dd>
          )}
          {run.began !== null && <dt>{run.ended === null ? "Goes for" : "Took"}</dt>}
          {run.began !== null && (
            <dd>
              {duration(took ?? 0)}, from <Moment ms={toSecond(run.began)} zoned />
            </dd>
          )}
          <dt>Attempts</dt>
          <dd>
            {number(run.attempt)}
            {run.resumed > 0 && `; taken over ${plural(run.resumed, "time")} from a process that had died`}
          </dd>
          {parameters.length > 0 && <dt>Parameters</dt>}
          {parameters.length > 0 && (
            <dd>
              {parameters.map(([name, value]) => (
                <div key={name}>
                  <code>
                    {name}={value}
                  </code>
                </div>
              ))}
            </dd>
          )}
        </Facts>
      </div>
    </Section>
  );
}

function ActSheet({ run, act, onClose }: { run: RunDetails; act: Act; onClose: () => void }) {
  const end = useEndRun(run.id);
  const cancels = act === "cancel";
  const done = run.steps.filter(({ state }) => state === "done").length;
  return (
    <Sheet
      title={cancels ? "Cancel the run" : "Try the run again"}
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{cancels ? "Let it go on" : "Leave it"}</Button>
          <Button
            look={cancels ? "danger" : "main"}
            disabled={end.isPending}
            onClick={() => end.mutate(act, { onSuccess: onClose })}
          >
            {cancels ? "Cancel it" : "Try again"}
          </Button>
        </>
      }
    >
      <p className={css.before}>
        {cancels
          ? run.state === "waiting"
            ? "It has not begun, and ends at once."
            : `It ends soon: the step that goes on is taken back. ${plural(done, "step")} ${done === 1 ? "is" : "are"} done, and stay${done === 1 ? "s" : ""}.`
          : `It goes on at the step that it did not do: ${plural(done, "step")} ${done === 1 ? "is" : "are"} done, and not done again.`}
      </p>
      {end.error && <Failure error={end.error} />}
      <SameAs command={shell("penstock", "job", act, "DIR", run.id)} />
    </Sheet>
  );
}
