import type { Schemas } from "../api/client";
import { Section } from "../frame/View";
import { number, plural } from "../text/number";
import css from "./Changes.module.css";

/** How far applying is; undefined until the server has said it. */
export function Progress({ progress }: { progress: Schemas["ApplyProgress"] | undefined }) {
  const switching = progress?.step === "switch";
  return (
    <Section title="Being applied">
      <div className={css.sentence} role="status">
        {switching
          ? "The pipelines that change halt, go over, and are tried on their next rows."
          : "State is made by reading again; all pipelines go on meanwhile."}
        {progress !== undefined && progress.of > 0 && (
          <>
            {" "}
            {number(progress.read)} of {plural(progress.of, "record")}.
          </>
        )}
        <progress
          className={css.progress}
          aria-label="Records read again"
          {...(progress !== undefined && progress.of > 0 && !switching
            ? { max: progress.of, value: Math.min(progress.read, progress.of) }
            : {})}
        />
      </div>
    </Section>
  );
}
