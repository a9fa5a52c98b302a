import type { Applied, Difference } from "../api/changes";
import { Section } from "../frame/View";
import { Go } from "../pieces/Go";
import css from "./Changes.module.css";
import { changedOf, TONES, wordsOf } from "./words";

/** What was told before, beside what has become of each operator's state. */
export function Happened({ told, applied }: { told: Difference; applied: Applied }) {
  const before = new Map(changedOf(told).map((one) => [one.name, one]));
  return (
    <Section title="Applied">
      <p className={css.sentence} role="status">
        {applied.pipelines.length === 0
          ? "Applied: no pipeline had to change for it."
          : `Applied: ${applied.pipelines.map((one) => `${one.name} is ${one.what}`).join(", ")}.`}
      </p>
      {applied.pipelines.map(({ name, what, operators }) => (
        <div key={name}>
          {operators.length > 0 && (
            <table className={css.operators} aria-label={`What happened to ${name}`}>
              <thead>
                <tr>
                  <th scope="col">Operator of {name}</th>
                  <th scope="col">As was told</th>
                  <th scope="col">What happened</th>
                </tr>
              </thead>
              <tbody>
                {operators.map((one, at) => {
                  const foretold = before.get(name)?.operators[at];
                  const same = foretold?.operator === one.operator && foretold.what === one.what;
                  return (
                    <tr key={at}>
                      <th scope="row">{one.operator}</th>
                      <td>{foretold ? `${foretold.what} ${wordsOf(foretold)}` : "nothing"}</td>
                      <td>
                        <span className={css[TONES[one.what]]}>{one.what}</span> {wordsOf(one)}
                        <small>{same ? "as was told" : "otherwise than was told"}</small>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
          {applied.savepoints[name] !== undefined && (
            <p className={css.sentence}>
              Savepoint <code>{applied.savepoints[name]}</code> keeps what was.
            </p>
          )}
          {what !== "removed" && (
            <p className={css.sentence}>
              <Go href={`/pipelines/${encodeURIComponent(name)}`}>{name} as it runs</Go>
            </p>
          )}
        </div>
      ))}
    </Section>
  );
}
