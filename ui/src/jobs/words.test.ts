import { expect, test } from "vitest";
import type { Run, Step } from "../api/jobs";
import {
  changeWords,
  countWords,
  dueWords,
  lasted,
  median,
  rateWords,
  scheduleWords,
  successes,
  triggerWords,
} from "./words";

test("a schedule is said in words, or as it stands", () => {
  const said: Record<string, string> = {
    "0 2 * * *": "every day at 02:00",
    "* * * * *": "every minute",
    "*/15 * * * *": "every 15 minutes",
    "0 * * * *": "every hour",
    "20 * * * *": "every hour at 20 past",
    "30 */6 * * *": "every 6 hours at 30 past",
    "5 8,12,17 * * *": "every day at 08:05, 12:05 and 17:05",
    "30 6 * * 1": "on Mondays at 06:30",
    "30 6 * * 1-5": "on Mondays to Fridays at 06:30",
    "30 6 * * sat,sun": "on Saturdays and Sundays at 06:30",
    "*/10 * * * 7": "every 10 minutes, on Sundays",
    "0 3 1 * *": "on day 1 of each month at 03:00",
    "0 3 1,15 6 *": "on day 1 and 15 of June at 03:00",
    "0 3 L * *": "on the last day of each month at 03:00",
    "0 3 * * 1#2": "on the second Monday of each month at 03:00",
    "0 3 * * 5L": "on the last Friday of each month at 03:00",
    "0 3 * jan *": "in January at 03:00",
    "0 3 1 * 1": "0 3 1 * 1",
    "1-5 2 * * *": "1-5 2 * * *",
    "0 0-6/2 * * *": "0 0-6/2 * * *",
  };
  for (const [cron, words] of Object.entries(said)) expect(scheduleWords(cron), cron).toBe(words);
});

const run = (state: Run["state"]): Run => ({ state }) as Run;

test("runs that were ended by somebody, or go on, say nothing of how often a job succeeds", () => {
  expect(successes([])).toBeUndefined();
  expect(successes([run("cancelled"), run("running"), run("waiting")])).toBeUndefined();
  const runs = [run("success"), run("partial"), run("failed"), run("success"), run("cancelled")];
  expect(successes(runs)).toEqual({ of: 4, whole: 2, partial: 1 });
});

test("a run that did a part is no success", () => {
  expect(rateWords({ of: 1, whole: 0, partial: 1 })).toBe("0\u202f%");
  expect(rateWords({ of: 4, whole: 3, partial: 1 })).toBe("75\u202f%");
  expect(rateWords({ of: 3, whole: 1, partial: 0 })).toBe("33.3\u202f%");
});

test("a run that goes on has lasted up to now", () => {
  expect(lasted({ began: 10, ended: 25 }, 100)).toBe(15);
  expect(lasted({ began: 10, ended: null }, 100)).toBe(90);
  expect(lasted({ began: null, ended: null }, 100)).toBeUndefined();
  expect([median([5, 1, 9]), median([4, 1]), median([])]).toEqual([5, 1, undefined]);
});

test("why and when a job is done is said in a few words", () => {
  const never = { schedule: "", zone: "", after: [], on_file: "", on_row: "" };
  expect(dueWords({ ...never, schedule: "0 2 * * *", zone: "UTC", after: ["a", "b"] })).toBe(
    "every day at 02:00, UTC; after a and b",
  );
  expect(dueWords({ ...never, on_file: "data/*.csv" })).toBe("on data/*.csv");
  expect(dueWords({ ...never, on_row: "SELECT 1" })).toBe("on a row of its query");
  expect(dueWords(never)).toBe("by hand");
  expect(triggerWords({ trigger: "backfill", by: "otto" })).toBe("to fill up, by otto");
});

test("what a step did adds up in words", () => {
  const counts = { read: 12, loaded: 10, duplicate: 2, dropped: 0 };
  const changes = { orders: { inserted: 10, updated: 0 }, people: { inserted: 0 } };
  const step = { outcome: { counts, changes } } as unknown as Step;
  expect(countWords(step)).toBe("12 rows read: 10 loaded, 2 duplicate");
  expect(changeWords(step)).toEqual(["orders: 10 inserted", "people: nothing changed"]);
  expect(countWords({ outcome: { counts: {}, changes: {} } } as unknown as Step)).toBe("");
});
