import { compare, isNumeric, type TableColumn, type TableRow } from "../../pieces/column";
import type { Watched } from "../../push/watched";
import { named } from "../../push/watched";
import type { Asked } from "../asked";
import type { Mark } from "../../pieces/LineChart";
import { type Panel, type PanelColumn, tableColumn } from "../model";

export interface PanelProps {
  panel: Panel;
  held: Watched;
  height: number;
  /** The panel says its title itself. */
  titled: boolean;
  /** Charts of one dashboard share cursor and zoom. */
  sync: string;
  zoom: readonly [number, number] | undefined;
  onZoom: (from: number, to: number) => void;
  onAsk: (asked: Asked) => void;
  /** Of a line: incidents of the rules that the panel names. */
  marks?: readonly Mark[];
}

export interface Answer {
  rows: TableRow[];
  columns: TableColumn[];
  /** Those that are drawn: the panel's, else all of numbers that are no axis. */
  drawn: TableColumn[];
  wanted: (name: string) => PanelColumn | undefined;
  column: (name: string | null | undefined) => TableColumn | undefined;
}

/** What a panel's question has answered, as its columns want it. */
export function answerOf(panel: Panel, held: Watched): Answer {
  const wanted = (name: string) => panel.columns?.find((one) => one.name === name);
  const columns = held.columns.map((column) => tableColumn(column, wanted(column.name)));
  const column = (name: string | null | undefined) => columns.find((one) => one.name === name);
  const listed = (panel.columns ?? []).map((one) => column(one.name)).filter((one) => one !== undefined);
  const axes = [panel.x, panel.y, panel.series, "previous"];
  const numbers = columns.filter((one) => isNumeric(one) && !axes.includes(one.name));
  return {
    rows: panel.open ? windows(named(held), panel.x) : named(held),
    columns,
    drawn: listed.length > 0 ? listed : numbers,
    wanted,
    column,
  };
}

/** Open windows, in the order of a column: none of them is final. */
function windows(rows: TableRow[], x: string | null | undefined): TableRow[] {
  const open: TableRow[] = rows.map((row) => ({ ...row, final: false }));
  return x ? open.sort((a, b) => compare(a[x] ?? null, b[x] ?? null)) : open;
}
