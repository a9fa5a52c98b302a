import type { Schemas } from "../api/client";
import { numberOf, type TableColumn } from "../pieces/column";
import type { Tone } from "../pieces/ink";
import type { Column, Value } from "../push/protocol";

/** A dashboard as docs/dashboards.md describes it. */
export type Panel = Schemas["Panel"];
export type Dashboard = Schemas["Dashboard"] & { panels: Panel[] };
export type PanelColumn = Schemas["PanelColumn"];
export type Variable = Schemas["Variable"];

export const KINDS = ["key-figure", "line", "bar", "table", "heatmap", "timeline", "map", "text"] as const;
export type Kind = (typeof KINDS)[number];

const LENGTHS: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time range such as `15 min`, in ms. */
export function rangeMs(text: string): number | undefined {
  const found = /^(\d+)\s*(s|min|h|d)$/.exec(text.trim());
  return found ? Number(found[1]) * (LENGTHS[found[2] ?? ""] ?? 0) : undefined;
}

/** The tone of a value, by the limits or the names of its column. */
export function toneOf(column: PanelColumn | undefined, value: Value | undefined): Tone | undefined {
  if (!column || value === null || value === undefined) return undefined;
  const named = column.tones?.[String(value)];
  if (named) return named as Tone;
  const number = numberOf(value);
  if (number === undefined) return undefined;
  const { attention, bad } = column;
  const less = typeof attention === "number" && typeof bad === "number" && bad < attention;
  const reached = (limit: number | null | undefined) =>
    typeof limit === "number" && (less ? number <= limit : number >= limit);
  if (reached(bad)) return "bad";
  return reached(attention) ? "attention" : undefined;
}

/** Names in the order in which their tones are told; those without one as they are, behind. */
export function inOrder<T>(column: PanelColumn | undefined, all: readonly T[], nameOf: (one: T) => string): T[] {
  const told = Object.keys(column?.tones ?? {});
  const place = (one: T) => (told.includes(nameOf(one)) ? told.indexOf(nameOf(one)) : told.length);
  return [...all].sort((a, b) => place(a) - place(b));
}

/** A column of the answer, as the panel wants it shown. */
export function tableColumn(column: Column, wanted: PanelColumn | undefined): TableColumn {
  return {
    name: column.name,
    label: wanted?.label || column.name,
    type: column.type,
    unit: wanted?.unit || undefined,
    decimals: wanted?.decimals ?? undefined,
    hidden: wanted?.hidden ?? false,
    tone: (value) => toneOf(wanted, value),
  };
}

/** A link's template with the values of a row; undefined where one of them is missing. */
export function filled(template: string, row: Readonly<Record<string, Value>>): string | undefined {
  let missing = false;
  const text = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = row[name];
    missing ||= value === null || value === undefined;
    return encodeURIComponent(String(value));
  });
  return missing ? undefined : text;
}

/** The names of parameters that a question has; `$` inside a name or a text is none. */
export function parametersIn(query: string): string[] {
  const bare = query.replaceAll(/"[^"]*"|'[^']*'|--[^\n]*/g, " ");
  return [...new Set([...bare.matchAll(/\$([A-Za-z_]\w*)/g)].map((found) => found[1] ?? ""))];
}
