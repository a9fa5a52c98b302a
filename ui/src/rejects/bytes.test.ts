import { expect, test } from "vitest";
import { base64Of, inField, mendedAs } from "./bytes";

test("ends of lines stay what they were where a text is mended", () => {
  const raw = '{"a": 1,\r\n "b": x,\r\n "c": 3}\n\r';
  const field = inField(raw);
  expect(field).toBe('{"a": 1,\n "b": x,\n "c": 3}\n\n');
  expect(mendedAs(raw, field)).toBe(raw);
  expect(mendedAs(raw, field.replace("x", "2"))).toBe(raw.replace("x", "2"));
  expect(mendedAs(raw, field.replace("x,", "2,\n"))).toBe(raw.replace("x,", "2,\r\n"));
  expect(mendedAs(raw, "")).toBe("");
  expect(mendedAs("aa\r\n", "aaa\n")).toBe("aaa\r\n");
  expect(mendedAs("", "a\nb")).toBe("a\nb");
});

test("text and hexadecimal digits become the bytes that they stand for", () => {
  expect(base64Of('{"n":"\u00e9"}')).toBe("eyJuIjoiw6kifQ==");
  expect(base64Of("0x00FF")).toBe("AP8=");
  expect(base64Of("0x0")).toBe(btoa("0x0"));
  expect(base64Of("")).toBe("");
});
