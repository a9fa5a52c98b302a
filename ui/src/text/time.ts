const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** hh:mm:ss in the viewer's zone. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** The day in the viewer's zone, as ISO writes it. */
export function day(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** Day and time in the viewer's zone; ms where they are not zero. */
export function moment(ms: number): string {
  const rest = ((ms % 1000) + 1000) % 1000;
  return `${day(ms)} ${clock(ms)}${rest ? `.${pad(Math.floor(rest), 3)}` : ""}`;
}

/** What the viewer's zone is called at a moment: CET, or UTC, or GMT-5. */
export function zoneName(ms: number): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(ms);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** The same moment in UTC, for the hover. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().replace("T", " ").replace(".000", "").replace("Z", "")} UTC`;
}

/** What a browser may be given as a date; beyond it, Date is invalid. */
export function isMoment(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15;
}

const ISO = /^(-?\d{4,6}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/;

/** Ms since 1970 of an ISO moment; one without a zone is event time, which is UTC. Undefined where it is none. */
export function parseMoment(text: string): number | undefined {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const ms = Date.parse(`${found[1]}T${found[2]}${found[3] ?? "Z"}`);
  return Number.isNaN(ms) ? undefined : ms;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
