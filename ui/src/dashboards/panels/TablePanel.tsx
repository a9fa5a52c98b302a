import { navigate } from "wouter/use-browser-location";
import type { TableRow } from "../../pieces/column";
import { DataTable } from "../../pieces/DataTable";
import { filled } from "../model";
import { isProvisional } from "../pivot";
import { answerOf, type PanelProps } from "./props";

const TOOLS = 41;

/** The rows of the answer; a click opens what the row leads to. */
export function TablePanel({ panel, held, height, titled }: PanelProps) {
  const answer = answerOf(panel, held);
  const order = new Map(panel.columns?.map((column, at) => [column.name, at]));
  const columns = answer.columns
    .filter((column) => column.name !== "final")
    .map((column) => ({ ...column, none: "\u2013" }))
    .sort((a, b) => (order.get(a.name) ?? order.size) - (order.get(b.name) ?? order.size));
  const { drill } = panel;
  const first = columns.find((column) => drill?.includes(`{${column.name}}`)) ?? columns[0];
  if (drill && first) first.href = (row) => filled(drill, row);
  // of windows that are open the newest says most
  const rows = panel.open ? answer.rows.toReversed() : answer.rows;
  const open = (row: TableRow) => {
    const href = drill ? filled(drill, row) : undefined;
    if (href) navigate(href);
  };
  return (
    <DataTable
      label={panel.title}
      {...(titled ? { title: panel.title } : {})}
      columns={columns}
      rows={rows}
      height={Math.max(96, height - TOOLS)}
      isProvisional={isProvisional}
      {...(drill ? { onOpen: open } : {})}
    />
  );
}
