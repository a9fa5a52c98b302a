import { expect, test } from "vitest";
import { placed, WIDTH } from "./placed";

const node = (name: string) => ({ name, height: 60 });

test("operators stand right of their inputs, and none upon another", () => {
  const names = ["a", "b", "union", "window", "calc", "sink", "late"];
  const edges = [
    ["a", "union"],
    ["b", "union"],
    ["union", "window"],
    ["union", "calc"],
    ["window", "sink"],
    ["calc", "late"],
  ].map(([from = "", to = ""]) => ({ from, to }));
  const found = placed(names.map(node), edges);
  const at = (name: string) => found.nodes.get(name) ?? { x: 0, y: 0 };
  for (const { from, to } of edges) expect(at(to).x).toBeGreaterThanOrEqual(at(from).x + WIDTH);
  const places = names.map((name) => `${at(name).x} ${at(name).y}`);
  expect(new Set(places).size).toBe(names.length);
  expect(found.edges).toHaveLength(edges.length);
  for (const { path, x } of found.edges) {
    expect(path).toMatch(/^M[\d. ]+[QL]/);
    expect(x).toBeLessThan(found.width);
  }
});

test("nothing takes no room", () => expect(placed([], []).nodes.size).toBe(0));
