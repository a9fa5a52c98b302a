import { useSavedQueries } from "../api/asked";
import type { Topic, Value } from "../push/protocol";
import { type Panel, parametersIn } from "./model";

/** What is chosen in a dashboard: its variables, and `range` in ms. */
export type Chosen = Readonly<Record<string, Value>>;

/** What a panel watches; undefined where it asks nothing, as a text. */
export function usePanelTopic(panel: Panel, chosen: Chosen): Topic | undefined {
  const { data: known } = useSavedQueries(Boolean(panel.saved));
  const limit = panel.limit ?? 1000;
  if (panel.saved) {
    const declared = known?.find((one) => one.name === panel.saved)?.parameters;
    if (!known) return undefined;
    return { saved: panel.saved, parameters: given(declared?.map((one) => one.name) ?? [], chosen), limit };
  }
  if (panel.open) {
    const shown = panel.columns?.map((column) => column.name) ?? [];
    const columns = [...new Set([...shown, ...(panel.x ? [panel.x] : [])])];
    const where = chosenOnly(panel.where ?? {}, chosen);
    return { open: panel.open, where, limit, ...(shown.length > 0 ? { columns } : {}) };
  }
  if (!panel.query) return undefined;
  const names = parametersIn(panel.query);
  return { query: panel.query, ...(names.length > 0 ? { parameters: given(names, chosen) } : {}), limit };
}

/** Values of columns; `$name` is that of a variable, which chooses nothing where nothing is chosen. */
export function chosenOnly(where: Readonly<Record<string, Value>>, chosen: Chosen): Record<string, Value> {
  const told = Object.entries(where).map(([column, value]): [string, Value] => {
    const variable = typeof value === "string" && value.startsWith("$");
    return [column, variable ? (chosen[value.slice(1)] ?? null) : value];
  });
  return Object.fromEntries(told.filter(([, value]) => value !== null));
}

function given(names: readonly string[], chosen: Chosen): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, chosen[name] ?? null]));
}
