import type { ReactNode } from "react";
import { type Job, type RunDetails, useJob, useRunLog } from "../api/jobs";
import { Section } from "../frame/View";
import { Go } from "../pieces/Go";
import css from "./Jobs.module.css";
import { jobHref } from "./words";

/** So many of its last lines say how it came to its end. */
const TAIL = 6;

/** Why a run has failed, or did a part: where, by what, its last lines, and what to do. */
export function Cause({ run }: { run: RunDetails }) {
  const { data: job } = useJob(run.job);
  const log = useRunLog(run.id, false);
  const left = run.steps.filter((step) => step.outcome.partial);
  const failed = run.state === "failed";
  const where = failed ? run.failed_step : left.map(({ name }) => name).join(", ");
  const lines = (log.data?.lines ?? []).filter(({ level }) => level !== "info").slice(-TAIL);
  const told = lines.filter(
    ({ line }) => !run.error.includes(line) && !left.some((step) => step.outcome.note === line),
  );
  return (
    <Section title={`It ${failed ? "failed" : "did a part"}${where && ` in ${where}`}`}>
      <div className={`${css.cause} ${failed ? css.bad : css.attention}`} role="alert" aria-label="What went wrong">
        {failed && <pre>{run.error}</pre>}
        {left.map(({ name, outcome }) => (
          <pre
            key={name}
          >{`${left.length > 1 ? `${name}: ` : ""}${outcome.note || "not all of it could be done"}`}</pre>
        ))}
        {told.length > 0 && (
          <div className={css.tail}>
            <h3>Warnings and errors before it ended</h3>
            {told.map(({ line, step }, at) => (
              <pre key={at}>{step ? `${step}  ${line}` : line}</pre>
            ))}
          </div>
        )}
        <p>{adviceOf(run, job)}</p>
      </div>
    </Section>
  );
}

/** What to do, by the kind of job and how the run has ended. */
function adviceOf(run: RunDetails, job: Job | undefined): ReactNode {
  const again = "Try again goes on at the step that was not done.";
  const steps = run.steps.filter(({ state, outcome }) => state === "failed" || outcome.partial);
  const refused = steps.some(({ outcome }) => (outcome.counts.quarantined ?? 0) > 0);
  if (run.state === "partial") {
    if (refused) {
      return (
        <>
          The rows are <Go href="/quality?state=open">set aside</Go>, to be mended and brought in again.
        </>
      );
    }
    if (job?.kind !== "load" && job?.kind !== "ingest")
      return "What could be done is done; the next run does the rest.";
    return (
      <>
        What could be done is done, and stays. The next run of <Go href={jobHref(run.job)}>{run.job}</Go> asks again for
        the rest: run it now, or let it come.
      </>
    );
  }
  switch (job?.kind) {
    case "load":
    case "ingest":
      return `Nothing of a source that failed was loaded. What is said of it stands in ${steps
        .flatMap(({ name }) => [`sources/${name}.toml`, `schemas/${name}.toml`])
        .join(", ")}, and in quality/. ${again}`;
    case "check":
      return `The rows that were found stand in the log below. Mend them, or what jobs.toml asks for. ${again}`;
    case "command":
      return `What the program wrote stands in the log below. ${again}`;
    default:
      return `The job stands in jobs.toml. ${again}`;
  }
}
