import type { Difference } from "../api/changes";
import { Section } from "../frame/View";
import css from "./Changes.module.css";
import { changedOf } from "./words";

/** The server was lost while it applied: it was done whole or not at all, and `now` says which. */
export function Interrupted({ told, now }: { told: Difference; now: Difference | undefined }) {
  const what =
    now === undefined
      ? "Files are applied in one transaction: it was done whole, or not at all. This says which as soon as the server answers again."
      : now.token === told.token
        ? "It was not applied: what was before goes on, and it can be applied again."
        : now.files.length === 0 && changedOf(now).length === 0
          ? "It was applied: the pipelines are what the files say."
          : "Since then the files or the pipelines have changed: what is shown below is what there is now.";
  return (
    <Section title="The server was lost while it applied">
      <p className={css.sentence} role="status">
        {what}
      </p>
    </Section>
  );
}
