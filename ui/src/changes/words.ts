import type { Difference, OperatorChange, PipelineChange } from "../api/changes";
import type { Tone } from "../pieces/ink";
import { number, plural } from "../text/number";

export const TONES: Record<OperatorChange["what"], Tone> = {
  kept: "good",
  rebuilt: "attention",
  empty: "attention",
  lost: "bad",
};

/** What becomes of an operator's state, in numbers. */
export function wordsOf(one: OperatorChange): string {
  const rows = one.rows === null ? "" : plural(one.rows, "row");
  const words =
    one.what === "rebuilt" ? [rows, again(one)].filter(Boolean).join(", ") : one.what === "empty" ? "" : rows;
  return [words, one.reason].filter(Boolean).join("; ");
}

/** How many records are read again, and from where. */
function again({ rows_again, start }: OperatorChange): string {
  const places = Object.entries(start).flatMap(([topic, offsets]) =>
    offsets.map((offset, partition) => {
      const place = `${topic} from offset ${number(offset)}`;
      return offsets.length > 1 ? `${place} of partition ${partition}` : place;
    }),
  );
  return `${plural(rows_again, "record")} read again: ${places.join(", ")}`;
}

export const changedOf = (difference: Difference): PipelineChange[] =>
  difference.pipelines.filter((one) => one.what !== "unchanged");

/** What would be gone, a sentence each; none where all state is kept or made again whole. */
export function lossesOf(difference: Difference): string[] {
  return changedOf(difference).flatMap(({ name, what, operators }) => {
    const lost = sum(operators.filter((one) => one.what === "lost").map((one) => one.rows ?? 0));
    const gone = Math.max(0, ...operators.map((one) => one.gone));
    return [
      what === "removed" ? `pipeline ${name} ends` : "",
      lost > 0 ? `${plural(lost, "row")} of the state of ${name}, which no operator takes over` : "",
      gone > 0 ? `${plural(gone, "record")} that ${name} would be rebuilt from, which retention has deleted` : "",
    ].filter(Boolean);
  });
}

/** How many records are read again, by all pipelines together. */
export const rereadOf = (difference: Difference): number =>
  sum(changedOf(difference).map(({ operators }) => Math.max(0, ...operators.map((one) => one.rows_again))));

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
