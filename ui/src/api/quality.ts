import { useQuery } from "@tanstack/react-query";
import { named } from "../push/watched";
import { useAct } from "./acts";
import type { Rows } from "./asked";
import { api, body } from "./client";

/** What became of rows that were brought in again into a source of a load, or a topic. */
export interface Replayed {
  into: string;
  read: number;
  loaded: number | null;
  quarantined: number | null;
  why: string | null;
}

/** What has become of a row that a rule has set aside. */
export type RowState = "open" | "fixed" | "replayed" | "discarded";

const AGAIN = 2_000;
/** So many are listed, the newest. */
export const MOST_ROWS = 500;
const RESULTS = 1_000;
const OVER_TIME = `SELECT time, "rows", broken, run FROM quality_results
WHERE rule = $rule AND "table" = $of AND kind <> 'replay' ORDER BY time DESC`;

/** The newest result of each rule on each table. */
export const useRules = () =>
  useQuery({
    queryKey: ["quality", "rules"],
    queryFn: async () => named((await body(api.GET("/api/quality"))) as Rows),
    refetchInterval: AGAIN,
  });

/** The results of a rule on a table, the oldest first. */
export const useResults = (rule: string, of: string) =>
  useQuery({
    queryKey: ["quality", "results", rule, of],
    queryFn: async ({ signal }) => {
      const asked = { sql: OVER_TIME, parameters: { rule, of }, rows: RESULTS, cut: true };
      return named((await body(api.POST("/api/query", { body: asked, signal }))) as Rows).reverse();
    },
    refetchInterval: AGAIN,
  });

/** The newest rows that rules have set aside. */
export const useSetAside = (rule: string | undefined, state: RowState | undefined) =>
  useQuery({
    queryKey: ["quality", "rows", rule, state],
    queryFn: async () => {
      const query = { limit: MOST_ROWS, ...(rule ? { rule } : {}), ...(state ? { state } : {}) };
      return named((await body(api.GET("/api/quality/rows", { params: { query } }))) as Rows);
    },
    refetchInterval: AGAIN,
  });

const TOUCHED = ["quality", "rejects"];

export const useFix = () =>
  useAct(async (given: { ids: string[]; values: Record<string, unknown> }) => {
    const told = await body(api.POST("/api/quality/fix", { body: { ...given, expressions: {} } }));
    return named(told as Rows);
  }, TOUCHED);

export const useReplay = () =>
  useAct(async (ids: string[]) => {
    const told = named((await body(api.POST("/api/quality/replay", { body: { ids } }))) as Rows);
    return told.map((one) => one as unknown as Replayed);
  }, TOUCHED);

export const useDiscard = (ids: string[]) =>
  useAct((reason: string) => body(api.POST("/api/quality/discard", { body: { ids, reason } })), TOUCHED);
