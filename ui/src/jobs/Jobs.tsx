import { useState } from "react";
import { type Job, useJobs, useRuns } from "../api/jobs";
import { useMay } from "../api/login";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Go } from "../pieces/Go";
import { Empty, Failure, Waiting } from "../pieces/States";
import { number } from "../text/number";
import { BeginSheet } from "./BeginSheet";
import css from "./Jobs.module.css";
import { PauseButton } from "./PauseButton";
import { RunStrip } from "./RunStrip";
import { RunTable } from "./RunTable";
import { dueWords, jobHref, rateWords, RUN_TONES, runHref, successes } from "./words";
import { When } from "./When";

const LISTED = 100;

/** The jobs of jobs.toml: when each is due, and how its last runs have ended. */
export function Jobs() {
  const jobs = useJobs();
  const runs = useRuns(LISTED);
  const [begun, setBegun] = useState<Job | undefined>();
  return (
    <View
      title="Jobs"
      note="Bounded work with a name, as jobs.toml says it: done on its schedule, after another job, or by hand."
      tools={
        <>
          <Go href="/quality">Quality rules</Go>
          <Go href="/uptime">Uptime</Go>
        </>
      }
    >
      <Section title="All jobs" headless>
        {jobs.isPending && <Waiting height={200} shape="rows" />}
        {jobs.error && <Failure error={jobs.error} retry={() => void jobs.refetch()} />}
        {jobs.data && jobs.data.length === 0 && (
          <Empty title="No job yet">
            A job is a section [jobs.NAME] of jobs.toml: SQL, a load, a program, a check or upkeep, and when it is due.
            The file is followed while the project runs.
          </Empty>
        )}
        {jobs.data && jobs.data.length > 0 && (
          <table className={css.jobs} aria-label="Jobs">
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">When</th>
                <th scope="col">Last runs</th>
                <th scope="col" className={css.end}>
                  Succeeds
                </th>
                <th scope="col">
                  <span className="unseen">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {jobs.data.map((job) => (
                <JobRow key={job.name} job={job} now={jobs.dataUpdatedAt} onBegin={() => setBegun(job)} />
              ))}
            </tbody>
          </table>
        )}
      </Section>
      {runs.error && <Failure error={runs.error} retry={() => void runs.refetch()} />}
      {runs.data && runs.data.length > 0 && <RunTable runs={runs.data} now={runs.dataUpdatedAt} ofAll />}
      {begun && <BeginSheet job={begun} onClose={() => setBegun(undefined)} />}
    </View>
  );
}

interface RowProps {
  job: Job;
  now: number;
  onBegin: () => void;
}

function JobRow({ job, now, onBegin }: RowProps) {
  const may = useMay("operate");
  const went = successes(job.recent);
  const goes = job.recent.findLast(({ state }) => state === "running");
  return (
    <tr>
      <th scope="row">
        <Go href={jobHref(job.name)}>{job.name}</Go>
        <small>{job.description || job.kind}</small>
        {job.wrong && <small className={css.bad}>{job.wrong.split("\n", 1)[0]}</small>}
      </th>
      <td>
        {dueWords(job)}
        <small>
          {job.paused_by ? (
            <span className={css.attention}>paused by {job.paused_by}</span>
          ) : goes ? (
            <Go href={runHref(goes.id)}>
              <span className={css[RUN_TONES.running]}>goes on now</span>
            </Go>
          ) : job.next == null ? (
            job.waiting > 0 && `${number(job.waiting)} waiting`
          ) : (
            <When ms={job.next} now={now} />
          )}
        </small>
      </td>
      <td>
        <RunStrip job={job.name} runs={job.recent} now={now} />
      </td>
      <td className={css.end} data-label="Succeeds">
        {went ? rateWords(went) : "\u2013"}
        {went && went.partial > 0 && <small>{number(went.partial)} partial</small>}
      </td>
      <td>
        {may && !job.wrong && (
          <div className={css.acts}>
            <PauseButton job={job} />
            <Button onClick={onBegin} aria-label={`Run ${job.name} now`}>
              Run now…
            </Button>
          </div>
        )}
      </td>
    </tr>
  );
}
