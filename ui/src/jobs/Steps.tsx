import type { RunDetails, Step } from "../api/jobs";
import { Section } from "../frame/View";
import { duration, number, plural } from "../text/number";
import css from "./Jobs.module.css";
import { changeWords, countWords, lasted, STEP_TONES, stepState } from "./words";

/** Of a step that took no time at all something is drawn too, in % of the whole. */
const THINNEST = 0.6;

/** The steps of a run below each other: when each went on, how long, and what it did with how many rows. */
export function Steps({ run, now }: { run: RunDetails; now: number }) {
  const begins = run.steps.map((step) => step.began);
  const from = Math.min(run.began ?? run.created, ...begins);
  const to = Math.max(run.ended ?? now, from + 1);
  return (
    <Section title="Steps">
      {run.steps.length === 0 ? (
        <p className={css.none}>None has begun yet.</p>
      ) : (
        <ol className={css.steps} aria-label="Steps">
          {run.steps.map((step) => (
            <StepItem key={step.name} step={step} told={run.error} from={from} to={to} now={now} />
          ))}
        </ol>
      )}
    </Section>
  );
}

interface Props {
  step: Step;
  /** What is told above of the whole run. */
  told: string;
  from: number;
  to: number;
  now: number;
}

function StepItem({ step, told, from, to, now }: Props) {
  const took = lasted(step, now) ?? 0;
  const state = stepState(step);
  const tone = STEP_TONES[state] ?? "neutral";
  const share = (ms: number) => (ms / (to - from)) * 100;
  const { phases, note, artefacts } = step.outcome;
  return (
    <li className={css.step}>
      <div className={css.stepHead}>
        <b>{step.name}</b>
        <span className={css[tone]}>
          {state}
          {step.attempt > 1 && `, attempt ${step.attempt}`}
          {step.doing && step.state === "running" && `: ${step.doing}`}
        </span>
        <span className={css.track} aria-hidden="true">
          <i
            className={`${css.span} ${css[tone]} ${step.state === "running" ? "provisional" : ""}`}
            style={{ marginLeft: `${share(step.began - from)}%`, width: `${Math.max(THINNEST, share(took))}%` }}
          />
        </span>
        <span className={`figures ${css.end}`}>{duration(took)}</span>
      </div>
      <div className={css.stepBody}>
        {countWords(step) && <p>{countWords(step)}</p>}
        {changeWords(step).map((words) => (
          <p key={words}>{words}</p>
        ))}
        {note && <p className={step.outcome.partial ? css.attention : undefined}>{note}</p>}
        {step.error && step.error !== told && <p className={css.bad}>{step.error}</p>}
        {Object.entries(artefacts).map(([name, text]) => (
          <p key={name}>
            {name}: <code>{text}</code>
          </p>
        ))}
        {phases.length > 0 && (
          <table className={`figures ${css.phases}`} aria-label={`Phases of ${step.name}`}>
            <thead>
              <tr>
                <th scope="col">Phase</th>
                <th scope="col">Rows</th>
                <th scope="col">Took</th>
              </tr>
            </thead>
            <tbody>
              {phases.map((phase, at) => (
                <tr key={at}>
                  <th scope="row">{phase.name}</th>
                  <td>{number(phase.rows)}</td>
                  <td title={phase.rows > 0 ? rateWords(phase.rows, phase.seconds) : undefined}>
                    {duration(phase.seconds * 1000)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </li>
  );
}

const rateWords = (rows: number, seconds: number): string | undefined =>
  seconds > 0 ? `${plural(Math.round(rows / seconds), "row")} a second` : undefined;
