import { useQuery } from "@tanstack/react-query";
import { useAct } from "./acts";
import { api, body, type Schemas } from "./client";

export type Job = Schemas["JobAnswer"];
export type Run = Schemas["RunAnswer"];
export type RunBrief = Job["recent"][number];
export type RunDetails = Schemas["RunDetails"];
export type RunState = Run["state"];
export type Step = Schemas["StepAnswer"];
export type LogLine = Schemas["LineAnswer"];

const AGAIN = 2_000;
/** Of what news tell of, there is more than they do: a job that its file has changed, one that is due next. */
const SELDOM = 10_000;
const OFTEN = 1_000;
const AT_ONCE = 1_000;
/** So many lines of a log are held; `penstock job logs` has all. */
const LINES = 20_000;
const ENDED: readonly RunState[] = ["success", "partial", "failed", "cancelled"];

export const hasEnded = ({ state }: { state: RunState }) => ENDED.includes(state);

export const useJobs = () =>
  useQuery({ queryKey: ["jobs"], queryFn: () => body(api.GET("/api/jobs")), refetchInterval: SELDOM });

export const useJob = (name: string) =>
  useQuery({
    queryKey: ["jobs", name],
    queryFn: () => body(api.GET("/api/jobs/{name}", { params: { path: { name } } })),
    refetchInterval: SELDOM,
  });

/** News say that a run begins, ends and does a step; how long it takes is another at each moment. */
const whileOpen = (runs: readonly Run[] | undefined) => (runs?.every(hasEnded) ? false : AGAIN);

/** The newest runs of all jobs. */
export const useRuns = (limit: number) =>
  useQuery({
    queryKey: ["runs", limit],
    queryFn: () => body(api.GET("/api/runs", { params: { query: { limit } } })),
    refetchInterval: ({ state: { data } }) => whileOpen(data),
  });

export const useJobRuns = (name: string, limit: number) =>
  useQuery({
    queryKey: ["runs", "of", name, limit],
    queryFn: () => body(api.GET("/api/jobs/{name}/runs", { params: { path: { name }, query: { limit } } })),
    refetchInterval: ({ state: { data } }) => whileOpen(data),
  });

/** One run with its steps, asked for again until it has ended. */
export const useRun = (identity: string) =>
  useQuery({
    queryKey: ["runs", "one", identity],
    queryFn: () => body(api.GET("/api/runs/{identity}", { params: { path: { identity } } })),
    refetchInterval: ({ state: { data } }) => (data && hasEnded(data) ? false : OFTEN),
    staleTime: 0,
  });

interface Told {
  lines: readonly LogLine[];
  last: number;
  /** There is more to be read at once. */
  more: boolean;
  /** Read when the run had ended: nothing comes any more. */
  whole: boolean;
}

const NOTHING: Told = { lines: [], last: 0, more: false, whole: false };

/** The lines of a run, those that come while it goes too. */
export const useRunLog = (identity: string, goes: boolean) =>
  useQuery({
    queryKey: ["run-log", identity],
    queryFn: async ({ client, queryKey, signal }): Promise<Told> => {
      const before = client.getQueryData<Told>(queryKey) ?? NOTHING;
      const query = { after: before.last, limit: AT_ONCE };
      const told = await body(api.GET("/api/runs/{identity}/log", { params: { path: { identity }, query }, signal }));
      const lines = told.lines.length > 0 ? [...before.lines, ...told.lines].slice(-LINES) : before.lines;
      return { lines, last: told.last, more: told.lines.length === AT_ONCE, whole: !goes };
    },
    refetchInterval: ({ state: { data } }) => (data?.more ? 1 : goes || !data?.whole ? OFTEN : false),
    staleTime: 0,
  });

const TOUCHED = ["jobs", "runs", "run-log"];

export const useBeginRun = (name: string) =>
  useAct(
    (parameters: Record<string, string>) =>
      body(api.POST("/api/jobs/{name}/runs", { params: { path: { name } }, body: { parameters } })),
    TOUCHED,
  );

export const useBackfill = (name: string) =>
  useAct(
    (given: Schemas["BackfillGiven"]) =>
      body(api.POST("/api/jobs/{name}/backfill", { params: { path: { name } }, body: given })),
    TOUCHED,
  );

export const usePause = (name: string) =>
  useAct(
    (pause: boolean) =>
      body(
        pause
          ? api.POST("/api/jobs/{name}/pause", { params: { path: { name } } })
          : api.POST("/api/jobs/{name}/resume", { params: { path: { name } } }),
      ),
    TOUCHED,
  );

/** `cancel` lets a run end, `retry` lets it go on at the step that it did not do. */
export const useEndRun = (identity: string) =>
  useAct(
    (act: "cancel" | "retry") =>
      body(
        act === "cancel"
          ? api.POST("/api/runs/{identity}/cancel", { params: { path: { identity } } })
          : api.POST("/api/runs/{identity}/retry", { params: { path: { identity } } }),
      ),
    TOUCHED,
  );
