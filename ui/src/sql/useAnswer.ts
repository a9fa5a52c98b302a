import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Rows } from "../api/asked";
import { api, body } from "../api/client";

const ROWS = 10_000;

export interface Answer {
  rows: Rows | undefined;
  /** From asking to the last byte, ms. */
  took: number | undefined;
  error: unknown;
  running: boolean;
  cancel: () => void;
  again: () => void;
}

/** The answer to a question; hanging up ends it at the server too. */
export function useAnswer(sql: string | undefined): Answer {
  const queries = useQueryClient();
  const queryKey = ["sql", sql];
  const asked = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const rows = (await body(api.POST("/api/query", { body: { sql: sql ?? "", rows: ROWS }, signal }))) as Rows;
      return { rows, took: performance.now() - began };
    },
    enabled: sql !== undefined && sql.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return {
    rows: asked.data?.rows,
    took: asked.data?.took,
    error: asked.error,
    running: asked.isFetching,
    cancel: () => void queries.cancelQueries({ queryKey }),
    again: () => void asked.refetch(),
  };
}
