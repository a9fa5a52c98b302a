import { problemOf } from "../api/problem";
import { Section } from "../frame/View";
import { Failure } from "../pieces/States";
import css from "./Changes.module.css";

/** What is wrong in a changed file, and where: what runs goes on as it was. */
export function Mistake({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = problemOf(error);
  const place = typeof problem.where === "string" && problem.code !== undefined ? problem.where : "";
  if (!place) return <Failure error={error} retry={retry} />;
  return (
    <Section title="A file is wrong" headless>
      <Failure
        error={{ ...problem, title: "A file is wrong: nothing can be applied, and what runs goes on as it was" }}
      />
      <pre className={css.place} tabIndex={0} role="group" aria-label="Where it is wrong">
        {place}
      </pre>
    </Section>
  );
}
