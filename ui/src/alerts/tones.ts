import type { AlertState, Incident } from "../api/alerts";
import type { Tone } from "../pieces/ink";

/** Of a rule's state: one that cannot tell is never good. */
export const RULE_TONES: Record<AlertState["state"], Tone> = {
  wrong: "bad",
  failed: "bad",
  firing: "bad",
  "no data": "attention",
  stopped: "attention",
  pending: "attention",
  ok: "good",
};

export const INCIDENT_TONES: Record<Incident["state"], Tone> = {
  firing: "bad",
  pending: "attention",
  acknowledged: "neutral",
  resolved: "good",
};

/** Whether a rule can tell how things are. */
export const tells = (state: AlertState["state"]) => state === "firing" || state === "pending" || state === "ok";

/** A key as a person reads it: `meeting_id=m1`; nothing for a rule without one. */
export function keyText(key: Readonly<Record<string, unknown>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}
