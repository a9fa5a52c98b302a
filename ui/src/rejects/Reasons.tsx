import { type Fate, useRejectsSummary } from "../api/asked";
import type { Filters } from "../frame/useFilters";
import { Section } from "../frame/View";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { named } from "../push/watched";

const SHARED: TableColumn[] = [
  { name: "table", label: "Table", type: "STRING" },
  { name: "operator", label: "Operator", type: "STRING" },
  { name: "pipeline", label: "Pipeline", type: "STRING" },
  { name: "rows", label: "Rows", type: "BIGINT" },
  { name: "last", label: "Last", type: "TIMESTAMP" },
];
const WHY: TableColumn = { name: "why", label: "Reason", type: "STRING" };

interface Props {
  kind: Fate;
  setFilters: (change: Filters) => void;
}

/** How many rows there are for which reason; a line leads to its rows. */
export function Reasons({ kind, setFilters }: Props) {
  const { data } = useRejectsSummary(kind);
  const rows = (data ? named(data) : []).map((row): TableRow => ({ ...row, why: whyOf(row) }));
  if (rows.length === 0) return null;
  const show = ({ code, pipeline }: TableRow) =>
    setFilters({ code: code == null ? undefined : String(code), pipeline: String(pipeline) });
  return (
    <Section title="By reason" headless>
      <DataTable
        label="Reasons"
        title="By reason"
        columns={[WHY, ...SHARED]}
        rows={rows}
        height={Math.min(232, 36 + rows.length * 32)}
        onOpen={show}
      />
    </Section>
  );
}

function whyOf({ code, lost, ignored }: TableRow): string {
  if (code == null) return lost ? "all its windows had closed" : "some of its windows had closed";
  return ignored ? `${String(code)}, ignored` : String(code);
}
