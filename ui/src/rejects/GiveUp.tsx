import { useState } from "react";
import type { useAct } from "../api/acts";
import type { Schemas } from "../api/client";
import { TextField } from "../pieces/Form";
import { FormSheet } from "../pieces/FormSheet";
import { number, plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./Rejects.module.css";

interface Props {
  many: number;
  discard: ReturnType<typeof useAct<string, Schemas["DiscardedAnswer"]>>;
  /** The command that does the same, but for the reason. */
  command: readonly string[];
  onClose: () => void;
}

/** Asks why rows are given up, and gives them up. */
export function GiveUp({ many, discard, command, onClose }: Props) {
  const [reason, setReason] = useState("");
  return (
    <FormSheet
      title={`Discard ${plural(many, "row")}`}
      act="Discard"
      look="danger"
      may={reason.trim() !== "" && !discard.isPending}
      onSubmit={() => discard.mutate(reason, { onSuccess: onClose })}
      onClose={onClose}
      error={discard.error}
      command={shell("penstock", ...command, "--because", reason.trim() || "WHY")}
    >
      <p className={css.does}>
        {many === 1 ? "The row is" : `${number(many)} rows are`} given up: listed still, with who has done it and why,
        and in no result.
      </p>
      <TextField label="Why" value={reason} onChange={setReason} placeholder="a test of the vendor" whole />
    </FormSheet>
  );
}
