import type { Panel } from "../dashboards/model";
import { isNumeric } from "../pieces/column";
import type { Column } from "../push/protocol";

/** The picture of an answer with these columns; undefined where none says anything. */
export function panelOf(columns: readonly Column[]): Panel | undefined {
  const shared = { id: "answer", title: "Answer" };
  const named = columns.map((column) => ({ ...column, label: column.name }));
  const moment = named.find(({ type }) => /^(TIMESTAMP|DATE)/.test(type));
  const name = named.find(({ type }) => /^(STRING|VARCHAR|CHAR|ENUM)/.test(type));
  const first = named[0];
  if (!named.some((column) => isNumeric(column) && column !== first) || !first) return undefined;
  if (moment) return { ...shared, kind: "line", x: moment.name, ...(name ? { series: name.name } : {}) };
  return { ...shared, kind: "bar", x: (name ?? first).name };
}
