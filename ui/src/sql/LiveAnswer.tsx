import type { ReactNode } from "react";
import { useNow } from "../frame/LiveLight";
import { Section } from "../frame/View";
import { Failure, Waiting } from "../pieces/States";
import { useLink, useWatch } from "../push/useWatch";
import { duration, number } from "../text/number";
import { AnswerTable } from "./AnswerTable";
import css from "./Sql.module.css";

/** The answer as it changes, told by the server; what the last change did to each row stands before it. */
export function LiveAnswer({ query, chart, tools }: { query: string; chart: boolean; tools: ReactNode }) {
  const { held, waiting, refusal } = useWatch({ query });
  const link = useLink();
  const now = useNow();
  const fault = refusal ?? held.fault;
  const age = held.time === undefined ? 0 : Math.max(0, now + link.skew - held.time);
  return (
    <Section title="Answer" headless>
      {fault && <Failure error={{ ...fault, title: fault.title ?? "The question could not be answered" }} />}
      {fault && waiting && <div className={css.tools}>{tools}</div>}
      {waiting && !fault && <Waiting height={240} label="The question is being answered" />}
      {!waiting && (
        <AnswerTable answer={held} chart={chart} kinds>
          {tools}
          <span className={css.took} aria-live="off">
            {told(held.turned)}, {duration(age)} ago
            {!held.complete && " \u00b7 there are more rows: the answer is cut off"}
          </span>
        </AnswerTable>
      )}
    </Section>
  );
}

function told(turned: { kinds: readonly (string | undefined)[]; gone: number } | undefined): string {
  if (!turned) return "the whole answer";
  const count = (kind: string) => turned.kinds.filter((one) => one === kind).length;
  const counts: [string, number][] = [
    ["+I", count("+I")],
    ["+U", count("+U")],
    ["-D", turned.gone],
  ];
  const some = counts.filter(([, n]) => n > 0).map(([kind, n]) => `${number(n)} ${kind}`);
  return some.join(", ") || "nothing changed";
}
