/** Colours of the look, for what is drawn on a canvas. */

export function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const SERIES = 8;

/** The colour of a series by its place; the ninth and all after it are "others". */
export function seriesInk(at: number): string {
  return ink(at < SERIES ? `series-${at + 1}` : "others");
}

export function seriesVariable(at: number): string {
  return `var(--${at < SERIES ? `series-${at + 1}` : "others"})`;
}

export type Tone = "good" | "attention" | "bad" | "neutral";
