import { useQuery } from "@tanstack/react-query";
import { useAlerts } from "../api/alerts";
import { type Rows, useSavedQueries, useTables, useTopics } from "../api/asked";
import { api, body } from "../api/client";
import { readDashboard, useDashboards } from "../api/dashboards";
import { useJobs } from "../api/jobs";
import { useWatch } from "../push/useWatch";
import { PLACES } from "./places";

export interface Found {
  /** Unlike all others. */
  value: string;
  label: string;
  note?: string;
  href: string;
}

/** The newest of each: the dashboard itself lists all. */
const SUBJECTS = 500;

/** Everything that can be gone to, by kind. */
export function useFindable(): { value: string; items: Found[] }[] {
  const tables = useTables().data ?? [];
  const dashboards = useDashboards().data ?? [];
  const { pipelines } = useWatch({ metrics: ["pipelines"] }).held;
  const topics = useTopics().data ?? [];
  const rules = useAlerts().data ?? [];
  const jobs = useJobs().data ?? [];
  const saved = useSavedQueries().data ?? [];
  const subjects = useSubjects(dashboards.filter((one) => one.hidden).map((one) => one.name));
  const query = (name: string) => `SELECT *\nFROM ${name}\nLIMIT 100`;
  return [
    {
      value: "Views",
      items: [
        ...PLACES.map(({ href, label }) => ({ value: `view ${href}`, label, href })),
        { value: "view changes", label: "Changes of the SQL files", href: "/changes" },
        { value: "view late", label: "Late rows", href: "/rejects?show=late" },
      ],
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
    {
      value: "Topics",
      items: topics.map(({ name }) => ({
        value: `topic ${name}`,
        label: name,
        note: "topic",
        href: `/topics/${encodeURIComponent(name)}`,
      })),
    },
    {
      value: "Alert rules",
      items: rules.map(({ name, state }) => ({
        value: `alert ${name}`,
        label: name,
        note: state,
        href: `/alerts/${encodeURIComponent(name)}`,
      })),
    },
    {
      value: "Jobs",
      items: jobs.map(({ name, kind }) => ({
        value: `job ${name}`,
        label: name,
        note: kind,
        href: `/jobs/${encodeURIComponent(name)}`,
      })),
    },
    {
      value: "Saved queries",
      items: saved.map(({ name, sql }) => ({
        value: `saved ${name}`,
        label: name,
        note: "saved query",
        href: `/sql?${new URLSearchParams({ q: sql })}`,
      })),
    },
    ...subjects,
  ].filter((group) => group.items.length > 0);
}

/** What the dashboards are about that are of one thing each: `meeting.toml` is of a meeting, and leads to each. */
function useSubjects(names: readonly string[]): { value: string; items: Found[] }[] {
  const { data = [] } = useQuery({
    queryKey: ["subjects", ...names],
    queryFn: () => Promise.all(names.map(subjectsOf)),
    staleTime: 30_000,
  });
  return data;
}

async function subjectsOf(name: string): Promise<{ value: string; items: Found[] }> {
  const { dashboard } = await readDashboard(name);
  const needed = dashboard.variables?.filter((one) => one.required) ?? [];
  const [variable] = needed;
  if (!variable?.query || needed.length > 1) return { value: name, items: [] };
  const label = variable.label || variable.name;
  const { rows } = (await body(api.POST("/api/query", { body: { sql: variable.query, rows: SUBJECTS } }))) as Rows;
  const items = rows.map(([value, text]) => ({
    value: `${name} ${value}`,
    label: String(text ?? value),
    note: label.toLowerCase(),
    href: `/dashboards/${name}?${new URLSearchParams({ [variable.name]: String(value) })}`,
  }));
  return { value: label, items };
}
