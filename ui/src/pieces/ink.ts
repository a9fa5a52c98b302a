/** Colours of the look, for what is drawn on a canvas. */

export function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const SERIES = 8;

/** The name of a line's colour: of its tone, else of its place; the ninth and all after it are "others". */
export function lineColour(line: { tone?: Tone | undefined }, at: number): string {
  if (line.tone) return line.tone;
  return at < SERIES ? `series-${at + 1}` : "others";
}

export function seriesVariable(at: number): string {
  return `var(--${lineColour({}, at)})`;
}

export type Tone = "good" | "attention" | "bad" | "neutral";
