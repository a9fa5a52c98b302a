import type { PipelineChange } from "../api/changes";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import { Go } from "../pieces/Go";
import css from "./Changes.module.css";
import { TONES, wordsOf } from "./words";

interface Props {
  change: PipelineChange;
  /** Undefined while the server is away. */
  onCompare: (() => void) | undefined;
}

/** One pipeline that would be another: what becomes of each operator's state. */
export function PipelinePart({ change: { name, file, what, operators, remarks, refusal }, onCompare }: Props) {
  return (
    <Section
      title={`Pipeline ${name}`}
      tools={
        what === "changed" && (
          <span className={css.tools}>
            <Go href={`/pipelines/${encodeURIComponent(name)}`}>As it runs</Go>
            <Button disabled={onCompare === undefined} onClick={onCompare}>
              Compare results…
            </Button>
          </span>
        )
      }
    >
      <p className={css.sentence}>
        It is <b>{what}</b>
        {file && (
          <>
            {" "}
            in <code>{file}</code>
          </>
        )}
        .
      </p>
      {refusal && (
        <p className={`${css.sentence} ${css.bad}`} role="alert">
          It cannot be applied: {refusal}. Under another name it would begin anew.
        </p>
      )}
      {operators.length > 0 && (
        <table className={`${css.operators} ${css.told}`} aria-label={`State of ${name}`}>
          <thead>
            <tr>
              <th scope="col">Operator</th>
              <th scope="col">Its state is</th>
              <th scope="col">In rows</th>
            </tr>
          </thead>
          <tbody>
            {operators.map((one, at) => (
              <tr key={at}>
                <th scope="row">
                  {one.operator}
                  {one.details.length > 0 && <small>{one.details.join("; ")}</small>}
                </th>
                <td className={css[TONES[one.what]]}>{one.what}</td>
                <td>{wordsOf(one)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {remarks.length > 0 && (
        <ul className={css.remarks} aria-label={`Results of ${name}`}>
          {remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}
