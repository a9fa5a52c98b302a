import { expect, test } from "vitest";
import type { Dashboard } from "../model";
import { freshName, moved, put, sized, without } from "./draft";

const panel = (id: string) => ({ id, title: id, kind: "line" as const });
const held: Dashboard = { name: "n", title: "t", panels: [panel("a"), panel("b"), panel("c")] };
const order = (dashboard: Dashboard) => dashboard.panels.map((one) => one.id).join("");

test("a panel is moved among the others, and not beyond them", () => {
  expect(order(moved(held, "c", 0))).toBe("cab");
  expect(order(moved(held, "a", 1))).toBe("bac");
  expect(order(moved(held, "a", 9))).toBe("bca");
  expect(order(moved(held, "x", 0))).toBe("abc");
});

test("sizes stay within the grid", () => {
  expect(sized(held, "b", 14.2, 0.2).panels[1]).toMatchObject({ width: 12, height: 1 });
  expect(held.panels[1]).toEqual(panel("b"));
});

test("a panel takes the place of the one it was, or comes last", () => {
  expect(order(put(held, panel("d"), "b"))).toBe("adc");
  expect(order(put(held, panel("d"), undefined))).toBe("abcd");
  expect(order(without(held, "a"))).toBe("bc");
});

test("a name is made of the title and is free", () => {
  expect(freshName("Users, by caf\u00e9!", [])).toBe("users-by-cafe");
  expect(freshName("Latency", ["latency", "latency-2"])).toBe("latency-3");
  expect(freshName("\u2013", [])).toBe("panel");
});
