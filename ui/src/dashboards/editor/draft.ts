import type { Dashboard, Panel } from "../model";

/** Changes of a dashboard that is being edited; each gives the next one. */

export const WIDEST = 12;
export const HIGHEST = 12;

/** The panel `id` goes before the one at `place` of the others. */
export function moved(dashboard: Dashboard, id: string, place: number): Dashboard {
  const panel = dashboard.panels.find((one) => one.id === id);
  if (!panel) return dashboard;
  const others = dashboard.panels.filter((one) => one.id !== id);
  const at = Math.max(0, Math.min(others.length, place));
  return { ...dashboard, panels: [...others.slice(0, at), panel, ...others.slice(at)] };
}

export function sized(dashboard: Dashboard, id: string, width: number, height: number): Dashboard {
  const within = (value: number, most: number) => Math.max(1, Math.min(most, Math.round(value)));
  const size = { width: within(width, WIDEST), height: within(height, HIGHEST) };
  return { ...dashboard, panels: dashboard.panels.map((one) => (one.id === id ? { ...one, ...size } : one)) };
}

/** `panel` in the place of the one called `id`, or as the last one. */
export function put(dashboard: Dashboard, panel: Panel, id: string | undefined): Dashboard {
  const known = dashboard.panels.some((one) => one.id === id);
  const panels = known ? dashboard.panels.map((one) => (one.id === id ? panel : one)) : [...dashboard.panels, panel];
  return { ...dashboard, panels };
}

export function without(dashboard: Dashboard, id: string): Dashboard {
  return { ...dashboard, panels: dashboard.panels.filter((one) => one.id !== id) };
}

/** A name for a file or a panel, made of a title, that none of `taken` has. */
export function freshName(title: string, taken: readonly string[]): string {
  const plain = title
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const base = plain || "panel";
  let name = base;
  for (let count = 2; taken.includes(name); count += 1) name = `${base}-${count}`;
  return name;
}
