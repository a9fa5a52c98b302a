import { useQueries } from "@tanstack/react-query";
import { backtested, incidentsOf, useToldAlerts } from "../api/alerts";
import { useFilters } from "../frame/useFilters";
import type { Mark } from "../pieces/LineChart";
import type { Panel } from "./model";
import { type Chosen, chosenOnly } from "./usePanelTopic";

export interface Marks {
  marks: readonly Mark[];
  /** The rules they are of, and how many of their incidents fire now. */
  rules: readonly string[];
  firing: number;
}

/** Incidents on the chart they came from; of the rule that the address tests, what would have fired. */
export function useMarks(panel: Panel, chosen: Chosen): Marks {
  const [filters] = useFilters();
  const told = useToldAlerts();
  const alerts = (told && panel.alerts) || [];
  return useQueries({
    queries: alerts.map(({ rule }) => (rule === filters.test ? backtested(rule, undefined) : incidentsOf(rule, []))),
    combine: (asked) => {
      const marks = asked.flatMap(({ data }, at) => {
        const wanted = Object.entries(chosenOnly(alerts[at]?.where ?? {}, chosen));
        const found = data === undefined ? [] : "found" in data ? data.found : data;
        return found
          .filter(({ key }) => wanted.every(([name, value]) => String(key[name]) === String(value)))
          .flatMap(markOf);
      });
      return {
        marks,
        rules: alerts.map(({ rule }) => rule),
        firing: marks.filter(({ tone }) => tone === "bad").length,
      };
    },
  });
}

interface Marked {
  fired?: number | null | undefined;
  end?: number | null | undefined;
  title: string;
  state?: string;
}

/** Red while it fires; what is over or seen to, and what a test says, is less loud. */
function markOf({ fired, end, title, state }: Marked): Mark[] {
  if (fired == null) return [];
  const text = `${title}, ${state ?? "would have fired"}`;
  return [{ from: fired, to: end ?? null, tone: state === "firing" ? "bad" : "attention", text }];
}
