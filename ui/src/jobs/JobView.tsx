import { useState } from "react";
import { useParams } from "wouter";
import { type Job, type Run, useJob, useJobRuns } from "../api/jobs";
import { useMay } from "../api/login";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { KeyFigure } from "../pieces/KeyFigure";
import { Moment } from "../pieces/Moment";
import { Failure, Waiting } from "../pieces/States";
import { duration, number, plural } from "../text/number";
import { toSecond } from "../text/time";
import { BackfillSheet } from "./BackfillSheet";
import { BeginSheet } from "./BeginSheet";
import css from "./Jobs.module.css";
import { PauseButton } from "./PauseButton";
import { RunGrid } from "./RunGrid";
import { RunTable } from "./RunTable";
import { dueWords, jobHref, lasted, median, rateWords, RUN_TONES, successes } from "./words";
import { When } from "./When";

const LISTED = 200;

/** One job: when it is due, how its runs have gone, and doing it. */
export function JobView() {
  const { name } = useParams() as { name: string };
  const { data, error, isPending, refetch } = useJob(name);
  const runs = useJobRuns(name, LISTED);
  const may = useMay("operate");
  const [form, setForm] = useState<"begin" | "backfill" | undefined>();
  const close = () => setForm(undefined);
  const can = data !== undefined && !data.wrong;
  return (
    <View
      title={name}
      above={<Go href="/jobs">Jobs</Go>}
      note={data?.description}
      tools={
        may &&
        can && (
          <>
            <PauseButton job={data} />
            {data.schedule && <Button onClick={() => setForm("backfill")}>Backfill…</Button>}
            <Button look="main" onClick={() => setForm("begin")}>
              Run now…
            </Button>
          </>
        )
      }
    >
      {isPending && <Waiting height={200} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data?.wrong && <Failure error={{ title: `${name} is wrong, and is not done`, detail: data.wrong }} />}
      {data && runs.data && <Figures runs={runs.data} now={runs.dataUpdatedAt} />}
      {runs.data && <RunGrid runs={runs.data} now={runs.dataUpdatedAt} />}
      {data && can && <About job={data} now={runs.dataUpdatedAt || Date.now()} />}
      {runs.error && <Failure error={runs.error} retry={() => void runs.refetch()} />}
      {runs.data && <RunTable runs={runs.data} now={runs.dataUpdatedAt} />}
      {data && form === "begin" && <BeginSheet job={data} onClose={close} />}
      {data && form === "backfill" && <BackfillSheet job={data} onClose={close} />}
    </View>
  );
}

function Figures({ runs, now }: { runs: readonly Run[]; now: number }) {
  const went = successes(runs);
  const ended = runs.filter(({ state }) => state === "success" || state === "partial");
  const took = median(ended.flatMap((run) => lasted(run, now) ?? []));
  const last = runs.find(({ state }) => state !== "waiting");
  return (
    <Section title="Its last runs" headless>
      <div className={css.figures}>
        <KeyFigure
          label="Last one"
          value={last?.state}
          tone={last && RUN_TONES[last.state] !== "good" ? RUN_TONES[last.state] : "neutral"}
          note={last && (last.why || (last.rows > 0 ? `${plural(last.rows, "row")} read` : undefined))}
        />
        <KeyFigure
          label="Succeeds"
          value={went && rateWords(went)}
          note={went && `of ${plural(went.of, "run")}${went.partial > 0 ? `, ${number(went.partial)} partial` : ""}`}
        />
        <KeyFigure
          label="Takes"
          value={took === undefined ? undefined : duration(took)}
          note={took === undefined ? undefined : "half of them less"}
        />
      </div>
    </Section>
  );
}

function About({ job, now }: { job: Job; now: number }) {
  const [next, ...later] = job.upcoming;
  return (
    <Section title="The job">
      <div className={css.padded}>
        <Facts>
          <dt>Kind</dt>
          <dd>{job.kind}</dd>
          <dt>Due</dt>
          <dd>{dueWords(job)}</dd>
          {job.schedule && <dt>As cron says it</dt>}
          {job.schedule && (
            <dd>
              <code>{job.schedule}</code> in {job.zone}
            </dd>
          )}
          {job.after.length > 0 && <dt>After</dt>}
          {job.after.length > 0 && (
            <dd>
              {job.after.map((one) => (
                <Go key={one} href={jobHref(one)}>
                  {one}{" "}
                </Go>
              ))}
            </dd>
          )}
          {job.paused_by && <dt>Paused by</dt>}
          {job.paused_by && <dd className={css.attention}>{job.paused_by}</dd>}
          {next !== undefined && <dt>Next runs</dt>}
          {next !== undefined && (
            <dd>
              <When ms={next} now={now} />
              {later.map((ms) => (
                <div key={ms}>
                  <Moment ms={ms} zoned />
                </div>
              ))}
            </dd>
          )}
          {job.last_success !== null && <dt>Last success</dt>}
          {job.last_success !== null && (
            <dd>
              <Moment ms={toSecond(job.last_success)} zoned />
            </dd>
          )}
        </Facts>
      </div>
    </Section>
  );
}
