import { expect, test } from "vitest";
import { dayTone, dayWords, percent } from "./words";

const share = (up_share: number | null, down = 0) => ({ up: 0, down, unknown: 0, stopped: 0, up_share });

test("a share is never rounded up to all of it", () => {
  const shown = [1, 0.9999999, 0.995, 0.5, 0].map((one) => percent(one).replace("\u202f", " "));
  expect(shown).toEqual(["100 %", "99.999 %", "99.5 %", "50 %", "0 %"]);
});

test("a day is judged by the target, and one that does not count by nothing", () => {
  expect([null, 1, 0.995, 0.99, 0.2].map((one) => dayTone(share(one), 0.995))).toEqual([
    "neutral",
    "good",
    "good",
    "attention",
    "bad",
  ]);
  expect(dayWords(share(null))).toBe("it did not run");
  expect(dayWords(share(0.5, 60_000)).replaceAll("\u202f", " ")).toBe("50 % up, 1 min down");
});
