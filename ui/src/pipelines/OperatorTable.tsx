import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import type { Operator } from "./Graph";

const FATES = ["passed", "filtered", "superseded", "expired", "late", "rejected", "held"];
const HREFS: Record<string, string> = { late: "/rejects?show=late", rejected: "/rejects" };

interface Props {
  operators: readonly Operator[];
  onOpen: (operator: string) => void;
}

/** Each operator's rows, and their fates; those that never happened are left out. */
export function OperatorTable({ operators, onOpen }: Props) {
  const fates = FATES.filter((fate) => operators.some((one) => one.fates[fate]));
  const columns: TableColumn[] = [
    { name: "name", label: "Operator", type: "STRING" },
    { name: "rows_per_second", label: "Rows/s", type: "DOUBLE", decimals: 0 },
    { name: "taken", label: "Taken", type: "BIGINT" },
    { name: "given", label: "Given", type: "BIGINT" },
    ...fates.map((fate): TableColumn => {
      const href = HREFS[fate];
      return {
        name: fate,
        label: `${fate.charAt(0).toUpperCase()}${fate.slice(1)}`,
        type: "BIGINT",
        tone: (value) => (href && Number(value) > 0 ? "attention" : undefined),
        ...(href ? { href: (row) => (Number(row[fate]) > 0 ? href : undefined) } : {}),
      };
    }),
    { name: "state_bytes", label: "State", type: "BIGINT", unit: "bytes", none: "on disk" },
    { name: "watermark", label: "Watermark", unit: "moment", hidden: true },
    { name: "details", label: "What it does", type: "STRING", hidden: true },
  ];
  const rows = operators.map((one): TableRow => {
    const counts = Object.fromEntries(fates.map((fate) => [fate, one.fates[fate] ?? 0]));
    const { name, rows_per_second, taken, given, state_bytes, watermark, details } = one;
    return { name, rows_per_second, taken, given, state_bytes, watermark, details: details.join("; "), ...counts };
  });
  return (
    <DataTable
      label="Operators"
      title="Ledger: what became of the rows"
      columns={columns}
      rows={rows}
      onOpen={(row) => onOpen(String(row.name))}
      empty="Its operators are shown once it has begun."
    />
  );
}
