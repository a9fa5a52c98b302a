import { describe, expect, test } from "vitest";
import { bytes, duration, number, plural, short, withUnit } from "./number";
import { isOpen, moment, parseMoment, parseMomentIn, utc, zoneName } from "./time";

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

test.each([
  ["2026-01-31", "2026-01-30T23:00:00Z"],
  ["2026-07-31T12:30", "2026-07-31T10:30:00Z"],
  ["2026-07-31 12:30:15", "2026-07-31T10:30:15Z"],
  ["2026-07-31T12:30Z", "2026-07-31T12:30:00Z"],
  ["2026-03-29T02:30", "2026-03-29T01:00:00Z"],
  ["2026-10-25T02:30", "2026-10-25T00:30:00Z"],
  ["2026-10-25T03:00", "2026-10-25T02:00:00Z"],
])("%s in Zurich is %s", (text, iso) => expect(parseMomentIn("Europe/Zurich", text)).toBe(Date.parse(iso)));

test("what is no moment of a zone is none", () => expect(parseMomentIn("Europe/Zurich", "soon")).toBeUndefined());

test("years have four digits, and the ends of time are none", () => {
  const first = parseMoment("0001-01-01 00:00:00");
  expect(moment(Date.parse("0812-06-01T12:00:00Z"))).toMatch(/^0812-06-01 /);
  expect([first, parseMoment("9999-12-31 00:00:00"), Date.UTC(2026, 0, 31)].map((ms) => isOpen(ms ?? 0))).toEqual([
    true,
    true,
    false,
  ]);
});

test("the viewer's zone has a name", () => {
  const [winter, summer] = [Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 6, 31, 12)];
  const offset = (ms: number) => new Date(ms).getTimezoneOffset();
  expect(zoneName(winter)).not.toBe("");
  expect(zoneName(winter) === zoneName(summer)).toBe(offset(winter) === offset(summer));
});
