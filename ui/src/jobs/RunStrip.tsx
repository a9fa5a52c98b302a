import { hasEnded, type RunBrief } from "../api/jobs";
import { duration, plural } from "../text/number";
import { moment, toSecond, zoneName } from "../text/time";
import css from "./Jobs.module.css";
import { lasted, RUN_TONES } from "./words";

const LOWEST = 6;
const TALLEST = 26;

/** The last runs of a job, given the oldest first: how each has ended, and how long it took beside the others. */
export function RunStrip({ job, runs, now }: { job: string; runs: readonly RunBrief[]; now: number }) {
  const longest = Math.max(1, ...runs.map((run) => lasted(run, now) ?? 0));
  if (runs.length === 0) return <span className={css.calm}>no run yet</span>;
  return (
    <span className={css.strip} role="img" aria-label={`Last runs of ${job}: ${counted(runs)}`}>
      {runs.map((run) => {
        const took = lasted(run, now);
        return (
          <i
            key={run.id}
            className={`${css.bar} ${css[RUN_TONES[run.state]]} ${hasEnded(run) ? "" : "provisional"}`}
            style={{ height: LOWEST + ((took ?? 0) / longest) * (TALLEST - LOWEST) }}
            title={`${moment(toSecond(run.scheduled))} ${zoneName(run.scheduled)}: ${run.state}${took === undefined ? "" : `, ${duration(took)}`}`}
          />
        );
      })}
    </span>
  );
}

/** 3 success, 1 failed: in the order in which they first came. */
function counted(runs: readonly RunBrief[]): string {
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return `${plural(runs.length, "run")}, ${[...counts].map(([state, count]) => `${count} ${state}`).join(", ")}`;
}
