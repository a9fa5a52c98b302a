import type { Job, Run, RunBrief, RunState, Step } from "../api/jobs";
import type { Tone } from "../pieces/ink";
import { number, plural } from "../text/number";

/** Of a run's state; one that goes or waits is neither good nor bad yet. */
export const RUN_TONES: Record<RunState, Tone> = {
  success: "good",
  partial: "attention",
  failed: "bad",
  cancelled: "attention",
  running: "neutral",
  waiting: "neutral",
};

export const STEP_TONES: Record<string, Tone> = {
  done: "good",
  partial: "attention",
  failed: "bad",
  running: "neutral",
};

/** What became of a step, or becomes of it. */
export const stepState = ({ state, outcome }: Step): string => (outcome.partial ? "partial" : state);

export const runHref = (identity: string): string => `/runs/${encodeURIComponent(identity)}`;
export const jobHref = (name: string): string => `/jobs/${encodeURIComponent(name)}`;

const DAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];
const MONTHS = "January February March April May June July August September October November December".split(" ");
const ORDINALS = ["", "first", "second", "third", "fourth", "last"];

/** What cron's five fields say, in words; the fields themselves where they say something that has none. */
export function scheduleWords(cron: string): string {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.trim().split(/\s+/);
  const time = timeWords(minute, hour);
  const on = dayWords(day, month, weekday);
  if (time === undefined || on === undefined) return cron;
  if (on === "") return time.startsWith("at ") ? `every day ${time}` : time;
  return time.startsWith("at ") ? `${on} ${time}` : `${time}, ${on}`;
}

const whole = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);
const stepOf = (text: string): number | undefined => whole(/^(?:\*|0)\/(\d+)$/.exec(text)?.[1] ?? "");
const two = (value: number): string => String(value).padStart(2, "0");
const joined = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "");

function timeWords(minute: string, hour: string): string | undefined {
  const at = whole(minute);
  if (hour === "*") {
    const step = stepOf(minute);
    if (minute === "*" || step === 1) return "every minute";
    if (step !== undefined) return `every ${step} minutes`;
    return at === undefined ? undefined : at === 0 ? "every hour" : `every hour at ${at} past`;
  }
  const hours = stepOf(hour);
  if (hours !== undefined && at !== undefined) {
    return `every ${hours === 1 ? "hour" : `${hours} hours`}${at === 0 ? "" : ` at ${at} past`}`;
  }
  const each = hour.split(",").map(whole);
  if (at === undefined || each.some((one) => one === undefined)) return undefined;
  return `at ${joined(each.map((one) => `${two(one ?? 0)}:${two(at)}`))}`;
}

function dayWords(day: string, month: string, weekday: string): string | undefined {
  const months = month === "*" ? "" : namesOf(month, MONTHS, 1);
  if (months === undefined) return undefined;
  const of = months === "" ? "" : ` of ${months}`;
  if (weekday === "*") {
    if (day === "*") return months === "" ? "" : `in ${months}`;
    if (/^L$/i.test(day)) return `on the last day of ${months || "each month"}`;
    const days = day.split(",").map(whole);
    if (days.some((one) => one === undefined)) return undefined;
    return `on day ${joined(days.map(String))}${of || " of each month"}`;
  }
  if (day !== "*") return undefined;
  const nth = /^([0-7])#([1-4])$|^([0-7])L$/i.exec(weekday);
  if (nth) {
    const name = (DAYS[Number(nth[1] ?? nth[3])] ?? "").replace(/s$/, "");
    return `on the ${nth[3] ? "last" : ORDINALS[Number(nth[2])]} ${name}${of || " of each month"}`;
  }
  const range = /^([0-7])-([0-7])$/.exec(weekday);
  const words = range ? `${DAYS[Number(range[1])]} to ${DAYS[Number(range[2])]}` : namesOf(weekday, DAYS, 0);
  return words === undefined ? undefined : `on ${words}${months === "" ? "" : ` in ${months}`}`;
}

const SHORT = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Numbers of a field, or the first three letters, as names. */
function namesOf(field: string, names: readonly string[], first: number): string | undefined {
  const found = field.split(",").map((one) => {
    const short = names === DAYS ? SHORT : names.map((name) => name.slice(0, 3).toLowerCase());
    const at = whole(one);
    return names[at === undefined ? short.indexOf(one.toLowerCase()) : at - first];
  });
  return found.some((one) => one === undefined) ? undefined : joined(found as string[]);
}

/** Of the runs that came to an end by themselves: how many, how many of them did all, and how many a part. */
export interface Successes {
  of: number;
  whole: number;
  partial: number;
}

/** How the runs went that came to an end by themselves; undefined where there is none. */
export function successes(runs: readonly RunBrief[]): Successes | undefined {
  const count = (which: RunState) => runs.filter(({ state }) => state === which).length;
  const [whole, partial] = [count("success"), count("partial")];
  const of = whole + partial + count("failed");
  return of === 0 ? undefined : { of, whole, partial };
}

/** Which share of them did all. */
export function rateWords({ of, whole }: Successes): string {
  const rate = (whole / of) * 100;
  return `${number(rate, rate % 1 ? 1 : 0)}\u202f%`;
}

/** How long a run has gone, ms, up to `now` where it goes on; undefined where it has not begun. */
export const lasted = (run: { began: number | null; ended: number | null }, now: number): number | undefined =>
  run.began === null ? undefined : Math.max(0, (run.ended ?? now) - run.began);

/** The middle one; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

type Due = Pick<Job, "schedule" | "zone" | "after" | "on_file" | "on_row">;

/** When a job is done, in a few words. */
export function dueWords({ schedule, zone, after, on_file, on_row }: Due): string {
  const words = [
    schedule && `${scheduleWords(schedule)}, ${zone}`,
    after.length > 0 && `after ${joined(after)}`,
    on_file && `on ${on_file}`,
    on_row && "on a row of its query",
  ];
  return words.filter(Boolean).join("; ") || "by hand";
}

/** The job whose run is called so. */
export const jobOf = (identity: string): string => identity.replace(/-\d{8}T\d{6}Z(-\w+)?$/, "");

/** Why a run is there. */
export function triggerWords({ trigger, by }: Pick<Run, "trigger" | "by">): string {
  const words: Record<Run["trigger"], string> = {
    schedule: "on schedule",
    hand: `by ${by}`,
    backfill: `to fill up, by ${by}`,
    job: `after ${jobOf(by)}`,
    file: `by file ${by}`,
    row: `by a row of ${by}`,
  };
  return words[trigger];
}

/** What a step has done with rows: how many it read, and what became of them; nothing where it reads none. */
export function countWords({ outcome: { counts } }: Step): string {
  const { read, ...rest } = counts;
  const parts = Object.entries(rest).filter(([, count]) => count > 0);
  const told = parts.map(([name, count]) => `${number(count)} ${name}`).join(", ");
  if (read === undefined) return told;
  return `${plural(read, "row")} read${told && `: ${told}`}`;
}

/** What has changed in each table that a step writes. */
export const changeWords = ({ outcome: { changes } }: Step): string[] =>
  Object.entries(changes).map(([table, changed]) => {
    const parts = Object.entries(changed).filter(([, count]) => count > 0);
    return `${table}: ${parts.map(([name, count]) => `${number(count)} ${name}`).join(", ") || "nothing changed"}`;
  });
