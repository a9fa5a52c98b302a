import { useState } from "react";
import { Segmented } from "../../pieces/Segmented";
import { Sheet } from "../../pieces/Sheet";
import type { Column } from "../../push/protocol";
import { AsAlert } from "./AsAlert";
import { AsEndpoint } from "./AsEndpoint";
import { AsPanel } from "./AsPanel";
import { AsPipeline } from "./AsPipeline";
import css from "./Saving.module.css";

export interface SaveProps {
  sql: string;
  /** Of its answer, where it was asked. */
  columns: readonly Column[] | undefined;
}

const KINDS = { panel: AsPanel, endpoint: AsEndpoint, alert: AsAlert, pipeline: AsPipeline };
type Kind = keyof typeof KINDS;

const OPTIONS: { value: Kind; label: string }[] = [
  { value: "panel", label: "Panel" },
  { value: "endpoint", label: "Endpoint" },
  { value: "alert", label: "Alert" },
  { value: "pipeline", label: "Pipeline" },
];

/** What a question can become: each is a file of the project. */
export default function SaveSheet({ onClose, ...question }: SaveProps & { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>("panel");
  const As = KINDS[kind];
  return (
    <Sheet title="Save the question as" open onClose={onClose}>
      <div className={css.parts}>
        <Segmented label="What it becomes" value={kind} options={OPTIONS} onChange={setKind} />
        <As {...question} />
      </div>
    </Sheet>
  );
}
