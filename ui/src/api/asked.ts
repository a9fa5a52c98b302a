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

export interface Place {
  from: string | undefined;
  partition: number | undefined;
  key: string | undefined;
}

export const useRecords = (name: string, { from, partition, key }: Place) =>
  useInfiniteQuery({
    queryKey: ["topics", name, "records", from, partition, key],
    queryFn: ({ pageParam }) =>
      body(
        api.GET("/api/topics/{name}/records", {
          params: {
            path: { name },
            query: {
              ...(from === undefined && !pageParam ? { last: 100 } : {}),
              ...(from === undefined ? {} : { from }),
              ...(partition === undefined ? {} : { partition }),
              ...(key === undefined ? {} : { key }),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: SLOW,
  });

export const usePipeline = (name: string) =>
  useQuery({
    queryKey: ["pipelines", name],
    queryFn: () => body(api.GET("/api/pipelines/{name}", { params: { path: { name } } })),
    refetchInterval: AGAIN,
  });

export const useWhy = () =>
  useQuery({ queryKey: ["why"], queryFn: () => body(api.GET("/api/why")), refetchInterval: AGAIN });

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

export const useSavedQueries = (wanted = true) =>
  useQuery({ queryKey: ["saved"], queryFn: () => body(api.GET("/api/queries")), staleTime: SLOW, enabled: wanted });
