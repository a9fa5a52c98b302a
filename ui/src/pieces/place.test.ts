import { describe, expect, it } from "vitest";
import { drawn, isOnEarth, roundLength, sides } from "./place";

const OSLO = { latitude: 59.91, longitude: 10.75 };

describe("a map", () => {
  it("has north above and east to the right, a metre as long in both directions", () => {
    const north = { latitude: OSLO.latitude + 1000 / 111_320, longitude: OSLO.longitude };
    const cosine = Math.cos((OSLO.latitude * Math.PI) / 180);
    const east = { latitude: OSLO.latitude, longitude: OSLO.longitude + 1000 / (111_320 * cosine) };
    const { points, scale } = drawn([OSLO, north, east], 400, 300, { x: 50, y: 50 });
    const [above, right] = [1, 2].map((at) => [points[at]?.x, points[at]?.y]);
    const length = 1000 * scale;
    expect(length).toBeCloseTo(200, 1);
    const middle = { x: 200 - length / 2, y: 150 + length / 2 };
    expect(points[0]?.x).toBeCloseTo(middle.x, 0);
    expect(points[0]?.y).toBeCloseTo(middle.y, 0);
    expect(above?.[0]).toBeCloseTo(middle.x, 0);
    expect(above?.[1]).toBeCloseTo(middle.y - length, 0);
    expect(right?.[0]).toBeCloseTo(middle.x + length, 0);
    expect(right?.[1]).toBeCloseTo(middle.y, 0);
  });

  it("draws one place in the middle", () => {
    expect(drawn([OSLO], 400, 300, { x: 50, y: 50 }).points).toEqual([{ x: 200, y: 150 }]);
  });

  it("has no place that is nowhere", () => {
    expect(isOnEarth(OSLO)).toBe(true);
    expect(isOnEarth({ latitude: 59.91, longitude: undefined })).toBe(false);
    expect(isOnEarth({ latitude: 999, longitude: 10.75 })).toBe(false);
  });

  it("has a scale of a round length", () => {
    expect(roundLength(0.3, 120)).toBe(200);
    expect(roundLength(0.3, 160)).toBe(500);
    expect(roundLength(0.0003, 120)).toBe(200_000);
  });
});

describe("names", () => {
  const size = { width: 60, height: 20 };
  const frame = { width: 300, height: 200 };

  it("stand to the right where there is room, and else elsewhere", () => {
    const points = [
      { x: 100, y: 100 },
      { x: 290, y: 50 },
      { x: 150, y: 100 },
    ];
    expect(sides(points, [size, size, size], frame)).toEqual(["left", "left", "right"]);
  });

  it("are left out where they would hide something", () => {
    const close = [0, 1, 2, 3, 4, 5].map((n) => ({ x: 150 + n, y: 100 }));
    expect(
      sides(
        close,
        close.map(() => size),
        frame,
      ),
    ).toContain(undefined);
  });
});
