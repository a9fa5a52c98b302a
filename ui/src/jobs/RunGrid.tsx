import { useLayoutEffect, useRef } from "react";
import { hasEnded, type Run } from "../api/jobs";
import { Section } from "../frame/View";
import { Go } from "../pieces/Go";
import { duration } from "../text/number";
import { moment, toSecond, zone } from "../text/time";
import css from "./RunGrid.module.css";
import { lasted, RUN_TONES, runHref, STEP_TONES } from "./words";

/** So many are drawn. */
const DRAWN = 48;
const LOWEST = 4;
const TALLEST = 56;

/** The last runs of a job beside each other, the newest at the right: how long each took, and how its steps ended. */
export function RunGrid({ runs, now }: { runs: readonly Run[]; now: number }) {
  const drawn = runs.slice(0, DRAWN).reverse();
  const steps = [...new Set(runs.slice(0, DRAWN).flatMap((run) => Object.keys(run.step_states)))];
  const longest = Math.max(1, ...drawn.map((run) => lasted(run, now) ?? 0));
  const box = useRef<HTMLDivElement>(null);
  const newest = drawn.at(-1)?.id;
  useLayoutEffect(() => {
    box.current?.scrollTo(box.current.scrollWidth, 0);
  }, [newest]);
  const [first, last] = [drawn[0], drawn.at(-1)];
  if (!first || !last) return null;
  return (
    <Section title="Run by run">
      <div ref={box} className={css.scroll} tabIndex={0} role="group" aria-label="Last runs, the newest at the right">
        <div className={css.whole}>
          <table className={css.grid} aria-label="Run by run">
            <thead>
              <tr>
                <th scope="col" className={css.longest}>
                  {duration(longest)}
                </th>
                {drawn.map((run) => {
                  const took = lasted(run, now);
                  const words = wordsOf(run, took);
                  return (
                    <th key={run.id} scope="col">
                      <Go href={runHref(run.id)} className={css.reach} title={words} aria-label={words}>
                        <i
                          className={`${css.bar} ${css[RUN_TONES[run.state]]} ${hasEnded(run) ? "" : "provisional"}`}
                          style={{ height: LOWEST + ((took ?? 0) / longest) * (TALLEST - LOWEST) }}
                        />
                      </Go>
                    </th>
                  );
                })}
              </tr>
            </thead>
            <tbody>
              {steps.map((step) => (
                <tr key={step}>
                  <th scope="row" title={step}>
                    {step}
                  </th>
                  {drawn.map((run) => {
                    const state = run.step_states[step];
                    const words = `${step}, ${moment(toSecond(run.scheduled))}: ${state ?? "not begun"}`;
                    return (
                      <td key={run.id} title={words}>
                        <span className="unseen">{state ?? "not begun"}</span>
                        <i
                          className={`${css.cell} ${css[state === undefined ? "none" : (STEP_TONES[state] ?? "neutral")]}`}
                        />
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          <p className={css.span}>
            <span>{moment(toSecond(first.scheduled))}</span>
            <span>
              {moment(toSecond(last.scheduled))} {zone()}
            </span>
          </p>
        </div>
      </div>
    </Section>
  );
}

const wordsOf = (run: Run, took: number | undefined): string =>
  [`${moment(toSecond(run.scheduled))}: ${run.state}`, took !== undefined && duration(took), run.why]
    .filter(Boolean)
    .join(", ");
