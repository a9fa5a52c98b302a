import { navigate } from "wouter/use-browser-location";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty } from "../pieces/States";
import type { Tone } from "../pieces/ink";
import type { PipelineFigures, PipelineState } from "../push/protocol";

const href = (row: TableRow) => `/pipelines/${encodeURIComponent(String(row.pipeline))}`;
const some = (tone: "attention" | "bad") => (value: unknown) =>
  typeof value === "number" && value > 0 ? tone : undefined;

/** What somebody has halted, or what has halted by itself, wants to be seen. */
export const STATE_TONES: Record<PipelineState, Tone> = {
  running: "good",
  draining: "good",
  ended: "neutral",
  paused: "attention",
  stopped: "attention",
  failed: "bad",
};

const COLUMNS: TableColumn[] = [
  { name: "pipeline", label: "Pipeline", type: "STRING", href },
  {
    name: "state",
    label: "State",
    type: "STRING",
    width: 96,
    tone: (value) => STATE_TONES[value as PipelineState],
  },
  { name: "rows_per_second", label: "Rows/s", type: "DOUBLE", decimals: 0 },
  { name: "rows", label: "Rows in", type: "BIGINT" },
  { name: "written", label: "Written", type: "BIGINT" },
  { name: "lag", label: "Lag", type: "BIGINT" },
  { name: "late", label: "Late", type: "BIGINT", tone: some("attention") },
  { name: "rejected", label: "Rejected", type: "BIGINT", tone: some("attention") },
  { name: "watermark", label: "Watermark", unit: "moment" },
  { name: "held_bytes", label: "State held", type: "BIGINT", unit: "bytes" },
  { name: "epoch", label: "Checkpoint", type: "BIGINT", hidden: true },
];

/** Every pipeline's figures, as they move. */
export function PipelineTable({ pipelines }: { pipelines: readonly PipelineFigures[] }) {
  const none = (
    <Empty title="No pipeline yet">
      A pipeline is an INSERT INTO, or one EXECUTE STATEMENT SET, in a file of sql/. It begins to run when the project
      is started again.
    </Empty>
  );
  return (
    <DataTable
      label="Pipelines"
      title="Pipelines"
      columns={COLUMNS}
      rows={pipelines as unknown as TableRow[]}
      onOpen={(row) => navigate(href(row))}
      empty={none}
    />
  );
}
