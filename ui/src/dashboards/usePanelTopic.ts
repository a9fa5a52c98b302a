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
  if (!panel.query) return undefined;
  const names = parametersIn(panel.query);
  return { query: panel.query, ...(names.length > 0 ? { parameters: given(names, chosen) } : {}), limit };
}

function given(names: readonly string[], chosen: Chosen): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, chosen[name] ?? null]));
}
