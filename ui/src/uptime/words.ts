import type { Part, PartUptime } from "../api/health";
import type { Tone } from "../pieces/ink";
import { bytes, duration, number } from "../text/number";

type Share = PartUptime["share"];

export const STATE_TONES: Record<Part["state"], Tone> = {
  up: "good",
  down: "bad",
  unknown: "attention",
  stopped: "neutral",
};

/** What the last probe of a part has measured. */
export function measured({ component, value, unit }: Pick<Part, "component" | "value" | "unit">): string {
  const size = value ?? 0;
  if (unit === "bytes") return `${bytes(size)} ${component === "disk" ? "free" : "available"}`;
  if (unit === "share") return `${number(size * 100, 0)}\u202f% busy`;
  return `looked ${duration(size * 1000)} ago`;
}

/** A share of 1 as %, never rounded up to all of it. */
export function percent(share: number): string {
  const shown = Math.floor(share * 100_000) / 1_000;
  return `${number(shown, Number.isInteger(shown) ? 0 : shown * 10 === Math.floor(shown * 10) ? 1 : 3)}\u202f%`;
}

/** A day on which nothing counts is neither good nor bad. */
export const dayTone = ({ up_share }: Share, target: number): Tone =>
  up_share === null ? "neutral" : up_share >= target ? "good" : up_share > 0.9 ? "attention" : "bad";

/** How much of a day, and for how long it was not up. */
export function dayWords({ up_share, down, unknown, stopped }: Share): string {
  if (up_share === null) return "it did not run";
  const parts = [
    down > 0 && `${duration(down)} down`,
    unknown > 0 && `${duration(unknown)} unknown`,
    stopped > 0 && `${duration(stopped)} stopped, which does not count`,
  ].filter(Boolean);
  return [`${percent(up_share)} up`, ...parts].join(", ");
}
