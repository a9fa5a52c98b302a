import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Dashboard } from "../dashboards/model";
import { api, body, problem } from "./client";
import { Problem } from "./problem";
import { tagNow } from "./tag";

export const useDashboards = () =>
  useQuery({
    queryKey: ["dashboards"],
    queryFn: () => body(api.GET("/api/dashboards")),
  });

/** A dashboard and the tag of its file as it is now. */
export async function readDashboard(name: string) {
  const { data, error, response } = await api.GET("/api/dashboards/{name}", { params: { path: { name } } });
  if (!data) throw problem(error, response);
  return {
    dashboard: { ...data, panels: data.panels ?? [] } satisfies Dashboard,
    tag: response.headers.get("etag") ?? "",
  };
}

export const useDashboard = (name: string) =>
  useQuery({ queryKey: ["dashboards", name], queryFn: () => readDashboard(name) });

export interface Save {
  dashboard: Dashboard;
  /** Of the file that it was made of; `*` where there is none yet, `now` to write over whatever is there. */
  tag: string;
}

/** Saves a dashboard's file; `difference` is told where the file is another by now, and nothing was saved. */
export function useSaveDashboard(name: string) {
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: async ({ dashboard, tag }: Save) => {
      const over = tag === "now" ? await tagNow(readDashboard(name)) : tag;
      const params = { path: { name }, header: { "if-match": over } };
      return body(api.PUT("/api/dashboards/{name}", { params, body: dashboard }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["dashboards"] }),
  });
  const told = saving.error instanceof Problem ? saving.error.body.difference : undefined;
  return { ...saving, difference: typeof told === "string" ? told : undefined };
}
