import { describe, expect, test } from "vitest";
import { bytes, duration, number, plural, short, withUnit } from "./number";
import { parseMoment, utc, zoneName } from "./time";

const plain = (text: string) => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

describe("numbers", () => {
  test.each([
    [1234567, "1 234 567"],
    [-1234.5, "-1 234.5"],
    [69.2, "69.20"],
    [123.456, "123.5"],
    [0, "0"],
  ])("%d is read as %s", (value, text) => expect(plain(number(value))).toBe(text));

  test.each([
    [812, "812"],
    [9999, "9 999"],
    [40700, "40.7 k"],
    [12_300_000, "12.3 M"],
  ])("%d is %s in short", (value, text) => expect(plain(short(value))).toBe(text));

  test("one thing is not many", () =>
    expect([1, 0, 2000].map((n) => plain(plural(n, "row")))).toEqual(["1 row", "0 rows", "2 000 rows"]));

  test.each([
    [512, "512 B"],
    [204800, "200 KiB"],
    [1.5 * 2 ** 30, "1.50 GiB"],
  ])("%d bytes are %s", (value, text) => expect(plain(bytes(value))).toBe(text));

  test.each([
    [240, "240 ms"],
    [1500, "1.5 s"],
    [65_000, "1 min 5 s"],
    [3_600_000, "1 h"],
    [-90_000, "-1 min 30 s"],
    [59_644_800_000, "1 y 325 d"],
  ])("%d ms last %s", (value, text) => expect(plain(duration(value))).toBe(text));

  test("a unit follows its value", () => {
    expect(plain(withUnit(80.25, "ms"))).toBe("80.25 ms");
    expect(plain(withUnit(4.26, "percent"))).toBe("4.3 %");
  });
});

test("event time without a zone is UTC", () => {
  expect(parseMoment("2026-01-31 12:00:00.000")).toBe(Date.UTC(2026, 0, 31, 12));
  expect(parseMoment("2026-01-31 12:00:00.250Z")).toBe(Date.UTC(2026, 0, 31, 12, 0, 0, 250));
  expect(parseMoment("meeting-1")).toBeUndefined();
  expect(utc(Date.UTC(2026, 0, 31, 12))).toBe("2026-01-31 12:00:00 UTC");
});

test("the viewer's zone has a name", () => {
  const [winter, summer] = [Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 6, 31, 12)];
  const offset = (ms: number) => new Date(ms).getTimezoneOffset();
  expect(zoneName(winter)).not.toBe("");
  expect(zoneName(winter) === zoneName(summer)).toBe(offset(winter) === offset(summer));
});
