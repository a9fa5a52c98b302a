import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Column, Value } from "../push/protocol";
import { api, body } from "./client";

/** What is asked of the API, each under one key. */

/** Rows as the API gives them: arrays in the order of the columns. */
export interface Rows {
  columns: Column[];
  rows: Value[][];
  next?: string | null;
  complete?: boolean;
}

const SLOW = 60_000;
const AGAIN = 2_000;
const OFTEN = 1_000;

export const useProject = () => useQuery({ queryKey: ["project"], queryFn: () => body(api.GET("/api/project")) });

export const useTables = () =>
  useQuery({ queryKey: ["tables"], queryFn: () => body(api.GET("/api/tables")), staleTime: SLOW });

export const useTopics = () =>
  useQuery({ queryKey: ["topics"], queryFn: () => body(api.GET("/api/topics")), refetchInterval: AGAIN });

export const useTopic = (name: string) =>
  useQuery({
    queryKey: ["topics", name],
    queryFn: () => body(api.GET("/api/topics/{name}", { params: { path: { name } } })),
    refetchInterval: AGAIN,
  });

/** Where records are looked for, and which: as the API takes it; nothing given means the newest ones. */
export interface Place {
  from?: string | undefined;
  partition?: string | undefined;
  key?: string | undefined;
  header?: string | undefined;
  where?: string | undefined;
  table?: string | undefined;
}

export const NEWEST = 100;

/** Pages of records. A page may be without any: the search goes on from there. */
export const useRecords = (name: string, { from, partition, ...rest }: Place) => {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
  const newest = from === undefined && Object.keys(given).length === 0;
  return useInfiniteQuery({
    queryKey: ["topics", name, "records", from, partition, given],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/topics/{name}/records", {
          params: {
            path: { name },
            query: {
              ...given,
              decoded: true,
              ...(newest ? { last: NEWEST } : {}),
              ...(from === undefined ? {} : { from }),
              ...(partition === undefined ? {} : { partition: Number(partition) }),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: SLOW,
    retry: false,
  });
};

export const useGroups = () =>
  useQuery({ queryKey: ["groups"], queryFn: () => body(api.GET("/api/groups")), refetchInterval: AGAIN });

export const useGroup = (name: string) =>
  useQuery({
    queryKey: ["groups", name],
    queryFn: () => body(api.GET("/api/groups/{name}", { params: { path: { name } } })),
    refetchInterval: AGAIN,
  });

/** What would go with a topic, or by other configs (K=V), with a token that is good for a minute: it is asked again
 * before that is over. */
export const useTopicLoss = (name: string, config?: readonly string[]) =>
  useQuery({
    queryKey: ["topics", name, "loss", config],
    queryFn: () =>
      body(
        api.GET("/api/topics/{name}/loss", {
          params: { path: { name }, query: config === undefined ? {} : { config: [...config] } },
        }),
      ),
    refetchInterval: 5 * AGAIN,
    staleTime: 0,
    enabled: config === undefined || config.length > 0,
    retry: false,
  });

export const usePipeline = (name: string) =>
  useQuery({
    queryKey: ["pipelines", name],
    queryFn: () => body(api.GET("/api/pipelines/{name}", { params: { path: { name } } })),
    refetchInterval: OFTEN,
  });

export const useWhy = () =>
  useQuery({ queryKey: ["why"], queryFn: () => body(api.GET("/api/why")), refetchInterval: AGAIN });

/** What each column that a pipeline writes is made of. */
export const useColumnOrigins = (name: string) =>
  useQuery({
    queryKey: ["pipelines", name, "columns"],
    queryFn: () => body(api.GET("/api/pipelines/{name}/columns", { params: { path: { name } } })),
    staleTime: SLOW,
  });

export const useSavepoints = () =>
  useQuery({ queryKey: ["savepoints"], queryFn: () => body(api.GET("/api/savepoints")), refetchInterval: AGAIN });

export type Fate = "rejected" | "late";

export const useRejectsSummary = (kind: Fate) =>
  useQuery({
    queryKey: ["rejects", kind, "summary"],
    queryFn: async () => (await body(api.GET("/api/rejects/summary", { params: { query: { kind } } }))) as Rows,
    refetchInterval: AGAIN,
  });

export const useRejects = (kind: Fate, code: string | undefined, pipeline: string | undefined) =>
  useInfiniteQuery({
    queryKey: ["rejects", kind, code, pipeline],
    queryFn: async ({ pageParam }) =>
      (await body(
        api.GET("/api/rejects", {
          params: {
            query: {
              kind,
              limit: 500,
              ...(code ? { code } : {}),
              ...(pipeline ? { pipeline } : {}),
              ...(pageParam ? { cursor: Number(pageParam) } : {}),
            },
          },
        }),
      )) as Rows,
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });

export interface Chosen {
  kind: Fate;
  ids: number[];
  /** New bytes of some, in base64, by id. */
  values: Record<string, string>;
}

/** The windows that have closed to rows about to be replayed. */
export const useClosedWindows = (rows: Chosen, wanted = true) =>
  useQuery({
    queryKey: ["rejects", "closed", rows],
    queryFn: () => body(api.POST("/api/rejects/closed", { body: rows })),
    enabled: wanted && rows.ids.length > 0,
    retry: false,
  });

/** What a question may call; it does not change while the server runs. */
export const useFunctions = () =>
  useQuery({
    queryKey: ["functions"],
    queryFn: () => body(api.GET("/api/query/functions")),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useSavedQueries = (wanted = true) =>
  useQuery({ queryKey: ["saved"], queryFn: () => body(api.GET("/api/queries")), staleTime: SLOW, enabled: wanted });
