import { useTables } from "../api/asked";
import { useDashboards } from "../api/dashboards";
import { useWatch } from "../push/useWatch";
import { PLACES } from "./places";

export interface Found {
  /** Unlike all others. */
  value: string;
  label: string;
  note?: string;
  href: string;
}

/** Everything that can be gone to, by kind. */
export function useFindable(): { value: string; items: Found[] }[] {
  const tables = useTables().data ?? [];
  const dashboards = useDashboards().data ?? [];
  const { pipelines } = useWatch({ metrics: ["pipelines"] }).held;
  const query = (name: string) => `SELECT *\nFROM ${name}\nLIMIT 100`;
  return [
    {
      value: "Views",
      items: PLACES.map(({ href, label }) => ({ value: `view ${href}`, label, href })),
    },
    {
      value: "Dashboards",
      items: dashboards
        .filter((one) => !one.hidden)
        .map((one) => ({ value: `dashboard ${one.name}`, label: one.title, href: `/dashboards/${one.name}` })),
    },
    {
      value: "Pipelines",
      items: pipelines.map(({ pipeline, state }) => ({
        value: `pipeline ${pipeline}`,
        label: pipeline,
        note: state,
        href: `/pipelines/${encodeURIComponent(pipeline)}`,
      })),
    },
    {
      value: "Tables",
      items: tables.map((table) => ({
        value: `table ${table.name}`,
        label: table.name,
        note: table.kind === "view" ? "view" : (table.connector ?? ""),
        href: `/sql?${new URLSearchParams({ q: query(table.name) })}`,
      })),
    },
  ].filter((group) => group.items.length > 0);
}
