const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** hh:mm:ss in the viewer's zone. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** The day in the viewer's zone, as ISO writes it. */
export function day(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** Day and time in the viewer's zone; ms where they are not zero. */
export function moment(ms: number): string {
  const rest = ((ms % 1000) + 1000) % 1000;
  return `${day(ms)} ${clock(ms)}${rest ? `.${pad(Math.floor(rest), 3)}` : ""}`;
}

/** Without its ms, where they say nothing to a person. */
export const toSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** A moment in both zones, for the hover. */
export const exactly = (ms: number): string => `${moment(ms)} ${zoneName(ms)}, ${utc(ms)}`;

/** What the viewer's zone is called at a moment: CET, or UTC, or GMT-5. */
export function zoneName(ms: number): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(ms);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** The viewer's zone as its rules are called: Europe/Zurich. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const [FIRST, LAST] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("9999-12-31T00:00:00Z")];

/** Whether a moment stands for none: tables say so of the begin and the end of what is valid for good. */
export const isOpen = (ms: number): boolean => ms === FIRST || ms >= LAST;

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

/** How far the clock of a zone is before UTC at a moment, ms. */
function ahead(zone: string, ms: number): number {
  const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", second: "numeric", ...numeric });
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / SECOND) * SECOND;
}

/**
 * Ms of a moment, which is one of `zone` where it names no other; a day is its begin. What a clock there shows twice is
 * the first of both, what it never shows the moment at which it has gone on. Undefined for anything else.
 */
export function parseMomentIn(zone: string, text: string): number | undefined {
  const said = text.trim();
  const whole = /^\d{4}-\d\d-\d\d$/.test(said) ? `${said}T00:00` : said;
  const ms = parseMoment(whole);
  if (ms === undefined || ISO.exec(whole)?.[3]) return ms;
  const [before, after] = [ahead(zone, ms - DAY), ahead(zone, ms + DAY)];
  const shown = [ms - before, ms - after].filter((one) => one + ahead(zone, one) === ms);
  if (shown.length > 0) return Math.min(...shown);
  let [early, late] = [ms - after, ms - before];
  while (late - early > SECOND) {
    const middle = Math.floor((early + late) / 2 / SECOND) * SECOND;
    if (ahead(zone, middle) === before) early = middle;
    else late = middle;
  }
  return late;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
