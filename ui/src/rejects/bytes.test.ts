import { expect, test } from "vitest";
import { base64Of } from "./bytes";

test("text and hexadecimal digits become the bytes that they stand for", () => {
  expect(base64Of('{"n":"\u00e9"}')).toBe("eyJuIjoiw6kifQ==");
  expect(base64Of("0x00FF")).toBe("AP8=");
  expect(base64Of("0x0")).toBe(btoa("0x0"));
  expect(base64Of("")).toBe("");
});
