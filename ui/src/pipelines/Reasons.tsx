import type { Schemas } from "../api/client";
import { Sentence } from "../pieces/Sentence";
import css from "./PipelineView.module.css";

/** Why nothing comes out: each with the setting that would change it. */
export function Reasons({ reasons }: { reasons: readonly Schemas["ReasonAnswer"][] }) {
  return (
    <ul className={css.reasons}>
      {reasons.map((one) => (
        <li key={`${one.operator} ${one.table} ${one.code}`} className={one.attention ? css.acts : undefined}>
          <p>
            <Sentence text={one.sentence} />
          </p>
          {one.setting && <p className={css.setting}>{one.setting}</p>}
          <small>{one.operator}</small>
        </li>
      ))}
    </ul>
  );
}
