/** The messages of docs/push.md, as this page uses them. */

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Row = readonly Value[];

export interface Column {
  name: string;
  type: string;
}

export interface Fault {
  code: string;
  title?: string;
  detail?: string;
  hint?: string | null;
}

/** What is watched: exactly one of table, open, query, saved, metrics, news. */
export interface Topic {
  table?: string;
  open?: string;
  query?: string;
  saved?: string;
  parameters?: Record<string, Value>;
  metrics?: string[];
  news?: "incidents" | "runs";
  columns?: string[];
  where?: Record<string, Value>;
  limit?: number;
}

/** `paused` keeps its state in memory, `stopped` does not; `draining` reads what is there, and has then `ended`. */
export type PipelineState = "running" | "paused" | "draining" | "ended" | "stopped" | "failed";

export interface PipelineFigures {
  pipeline: string;
  state: PipelineState;
  rows: number;
  rows_per_second: number;
  written: number;
  late: number;
  rejected: number;
  watermark: number | null;
  lag: number | null;
  held_bytes: number;
  epoch: number;
  error: string | null;
}

export type Change = ["+I" | "-U" | "+U" | "-D", number, Row | null];

export interface Snapshot {
  type: "snapshot";
  channel: number;
  position: string;
  reset: string;
  time: number;
  columns: Column[];
  key: string[];
  complete: boolean;
  rows: Row[];
}

export interface Changes {
  type: "changes";
  channel: number;
  after: string;
  position: string;
  time: number;
  changes: Change[];
}

export interface Open {
  type: "open";
  channel: number;
  final: false;
  time: number;
  watermark: number | null;
  columns: Column[];
  rows: Row[];
  complete?: boolean;
}

export interface Metrics {
  type: "metrics";
  channel: number;
  time: number;
  pipelines: PipelineFigures[];
}

/** Something is new; what, the API tells. */
export interface News {
  type: "news";
  channel: number;
  time: number;
}

export interface Failed {
  type: "failed";
  channel: number;
  time: number;
  error: Fault;
}

export interface Hello {
  type: "hello";
  protocol: number;
  project: string;
  time: number;
  heartbeat: number;
}

export interface Heartbeat {
  type: "heartbeat";
  time: number;
  event_time: number | null;
  /** SQL files that are not as they were applied. */
  changed: string[];
}

export interface Subscribed {
  type: "subscribed";
  id: string;
  channel: number;
  resumed: boolean;
}

export interface Refused {
  type: "error";
  id: string | null;
  error: Fault;
}

export type Content = Snapshot | Changes | Open | Metrics | News | Failed;
export type Message = Content | Hello | Heartbeat | Subscribed | Refused;
