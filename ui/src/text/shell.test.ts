import { expect, test } from "vitest";
import { shell } from "./shell";

test("a shell reads each word as it is", () => {
  expect(shell("penstock", "topic", "create", "DIR", "orders", undefined, "--config=retention.ms=30 d")).toBe(
    "penstock topic create DIR orders '--config=retention.ms=30 d'",
  );
  expect(shell("it's", "", "$HOME")).toBe(`'it'\\''s' '' '$HOME'`);
});
