import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body, problem, type Schemas } from "./client";
import { useLogin } from "./login";
import { Problem } from "./problem";
import { tagNow } from "./tag";

export type AlertState = Schemas["AlertAnswer"];
export type Incident = Schemas["IncidentAnswer"];
export type IncidentState = Incident["state"];
export type Silence = Schemas["SilenceAnswer"];
export type WouldHaveFired = Schemas["WouldHaveFired"];

const AGAIN = 2_000;
/** The newest are listed. */
const MOST = 1_000;

/** Whether rules and what they have found are told to whoever looks: they are made of all rows. */
export const useToldAlerts = () => useLogin().data?.filters.length === 0;

export const useAlerts = () =>
  useQuery({
    queryKey: ["alerts"],
    queryFn: () => body(api.GET("/api/alerts")),
    refetchInterval: AGAIN,
    enabled: useToldAlerts(),
  });

export const useAlert = (name: string) =>
  useQuery({
    queryKey: ["alerts", name],
    queryFn: () => body(api.GET("/api/alerts/{name}", { params: { path: { name } } })),
    refetchInterval: AGAIN,
  });

/** Incidents, the newest first: of one rule or all, in some states or, without any, those that fire or have fired. */
export const incidentsOf = (rule: string | undefined, state: readonly IncidentState[]) =>
  queryOptions({
    queryKey: ["incidents", rule, ...state],
    queryFn: () => {
      const query = { limit: MOST, ...(rule ? { rule } : {}), ...(state.length > 0 ? { state: [...state] } : {}) };
      return body(api.GET("/api/incidents", { params: { query } }));
    },
  });

export const useIncidents = (rule?: string, state: readonly IncidentState[] = []) =>
  useQuery({ ...incidentsOf(rule, state), enabled: useToldAlerts() });

export const useIncident = (identity: string) =>
  useQuery({
    queryKey: ["incident", identity],
    queryFn: () => body(api.GET("/api/incidents/{identity}", { params: { path: { identity } } })),
  });

export const useSilences = () =>
  useQuery({ queryKey: ["silences"], queryFn: () => body(api.GET("/api/silences")), refetchInterval: AGAIN });

/** What a rule would have fired, from a moment (ms) on or over all that is kept. */
export const backtested = (name: string, since: number | undefined) =>
  queryOptions({
    queryKey: ["backtest", name, since],
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const params = { path: { name }, query: since === undefined ? {} : { since } };
      const found = await body(api.GET("/api/alerts/{name}/test", { params, signal }));
      return { found, took: performance.now() - began };
    },
    retry: false,
  });

/** What the acts on incidents have in common: afterwards everything about alerts is asked anew. */
function useAct<Given>(act: (given: Given) => Promise<unknown>) {
  const queries = useQueryClient();
  const about = ["alerts", "incidents", "incident", "silences"];
  return useMutation({
    mutationFn: act,
    onSuccess: () => Promise.all(about.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

export const useAcknowledge = (identity: string) =>
  useAct((note: string) =>
    body(api.POST("/api/incidents/{identity}/acknowledge", { params: { path: { identity } }, body: { note } })),
  );

export const useBeginSilence = () =>
  useAct((given: Schemas["SilenceGiven"]) => body(api.POST("/api/silences", { body: given })));

export const useEndSilence = () =>
  useAct((identity: string) => body(api.DELETE("/api/silences/{identity}", { params: { path: { identity } } })));

/** The file of a rule as it is now, and its tag. */
export async function readRule(name: string) {
  const { data, error, response } = await api.GET("/api/alerts/{name}/file", { params: { path: { name } } });
  if (!data) throw problem(error, response);
  return { text: data.text, tag: response.headers.get("etag") ?? "" };
}

/** What a rule would have fired that is not there yet, or is about to be another. */
export const useTryRule = () =>
  useMutation({ mutationFn: (text: string) => body(api.POST("/api/alerts/test", { body: { text } })) });

export interface SaveRule {
  name: string;
  text: string;
  /** Of the file that it was made of; `*` where there is none yet, `now` to write over whatever is there. */
  tag: string;
}

/** Saves a rule's file; `difference` is told where the file is another by now, and nothing was saved. */
export function useSaveRule() {
  const saving = useAct(async ({ name, text, tag }: SaveRule) => {
    const over = tag === "now" ? await tagNow(readRule(name)) : tag;
    const params = { path: { name }, header: { "if-match": over } };
    return body(api.PUT("/api/alerts/{name}/file", { params, body: { text } }));
  });
  const told = saving.error instanceof Problem ? saving.error.body.difference : undefined;
  return { ...saving, difference: typeof told === "string" ? told : undefined };
}

export const useDeleteRule = (name: string) =>
  useAct((tag: string) =>
    body(api.DELETE("/api/alerts/{name}/file", { params: { path: { name }, header: { "if-match": tag } } })),
  );
