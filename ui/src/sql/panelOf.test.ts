import { describe, expect, test } from "vitest";
import { panelOf } from "./panelOf";

const column = (name: string, type: string) => ({ name, type });

describe("what an answer is drawn as", () => {
  test("lines over a moment, one for each name", () => {
    const found = panelOf([
      column("n", "BIGINT"),
      column("at", "TIMESTAMP(3)"),
      column("who", "STRING"),
      column("m", "DOUBLE"),
    ]);
    expect(found).toMatchObject({ kind: "line", x: "at", series: "who" });
  });

  test("bars where there is no moment", () => {
    expect(panelOf([column("who", "STRING"), column("n", "BIGINT")])).toMatchObject({ kind: "bar", x: "who" });
    expect(panelOf([column("k", "INT"), column("n", "BIGINT")])).toMatchObject({ kind: "bar", x: "k" });
  });

  test("nothing without a number beside it", () => {
    expect(panelOf([column("n", "BIGINT")])).toBeUndefined();
    expect(panelOf([column("who", "STRING"), column("what", "STRING")])).toBeUndefined();
  });
});
