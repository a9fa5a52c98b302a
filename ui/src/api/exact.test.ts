import { expect, test } from "vitest";
import { exactJson } from "./exact";

const parsed = (text: string): unknown => JSON.parse(exactJson(text));

test("whole numbers beyond 2^53 are texts of all their digits", () => {
  expect(parsed('{"key":{"id":9007199254740993},"rows":[[-9223372036854775808,9007199254740991,7]]}')).toEqual({
    key: { id: "9007199254740993" },
    rows: [["-9223372036854775808", 9007199254740991, 7]],
  });
});

test("other numbers and texts stay as they are", () => {
  const text = String.raw`{"a":0.30000000000000004,"b":1.2e+300,"c":9007199254740993.0,"d":9007199254740993e2,
    "e":"\"9007199254740993","9007199254740993":"\\","f":["9007199254740993 \\\" 9007199254740993"]}`;
  expect(exactJson(text)).toBe(text);
});
