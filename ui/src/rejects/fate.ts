import type { TableRow } from "../pieces/column";
import type { Tone } from "../pieces/ink";
import { momentOf } from "../pieces/column";
import { number } from "../text/number";
import { moment } from "../text/time";

export type State = "waits" | "replayed" | "discarded" | "ignored" | "counts in part";

/** What has become of a row that was rejected or came too late. */
export function stateOf(row: TableRow): State {
  if (row.discarded != null) return "discarded";
  if (row.replayed_offset != null) return "replayed";
  if (row.ignored === true) return "ignored";
  return row.lost === false ? "counts in part" : "waits";
}

export const STATE_TONES: Partial<Record<State, Tone>> = { waits: "attention", replayed: "good" };

/** The place of what was replayed as this row, which is a copy then. */
export const copiedFrom = (row: TableRow): string | null =>
  row.original_offset == null ? null : `${String(row.original_partition)}/${String(row.original_offset)}`;

/** The same as a sentence; `again` says that its copy stands in the list too. */
export function sentenceOf(row: TableRow, again: boolean): string {
  const at = (name: string) => {
    const ms = momentOf({ name, label: name, type: "TIMESTAMP" }, row[name] ?? null);
    return ms === undefined ? "" : ` on ${moment(ms)}`;
  };
  switch (stateOf(row)) {
    case "discarded":
      return `Given up by ${String(row.discarded_by)}${at("discarded")}: ${String(row.discarded_reason)}`;
    case "replayed":
      return (
        `Replayed${at("replayed")}: its copy is at partition ${number(Number(row.replayed_partition))}, offset ` +
        `${number(Number(row.replayed_offset))}${again ? ", and could not be used either." : "."}`
      );
    case "ignored":
      return "Left out, as its table says (ignore-parse-errors).";
    case "counts in part":
      return "It counts in the windows that were still open.";
    case "waits": {
      const from = copiedFrom(row);
      return `${from === null ? "" : `It is the copy of ${from}, which was replayed. `}Nothing was done about it yet.`;
    }
  }
}
