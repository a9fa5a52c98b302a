/** Where places of a map are drawn, and where their names have room. */

export interface Place {
  latitude: number;
  longitude: number;
}

export function isOnEarth(place: Partial<Record<keyof Place, number | undefined>>): place is Place {
  const { latitude = NaN, longitude = NaN } = place;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}

export interface Point {
  x: number;
  y: number;
}

export interface Drawing {
  points: Point[];
  /** How many pixels a metre is. */
  scale: number;
}

const METRES = 111_320;
/** So many metres are on a map at least: two places beside each other are not the whole world. */
const LEAST = 200;

/** Places in a frame, north up, as far apart in both directions as they are: near enough for some hundred kilometres. */
export function drawn(places: readonly Place[], width: number, height: number, margin: Point): Drawing {
  const [south, north] = extent(places.map((place) => place.latitude));
  const [west, east] = extent(places.map((place) => place.longitude));
  const across = METRES * Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min(
    Math.max(1, width - 2 * margin.x) / Math.max(LEAST, (east - west) * across),
    Math.max(1, height - 2 * margin.y) / Math.max(LEAST, (north - south) * METRES),
  );
  const points = places.map(({ latitude, longitude }) => ({
    x: width / 2 + (longitude - (west + east) / 2) * across * scale,
    y: height / 2 - (latitude - (south + north) / 2) * METRES * scale,
  }));
  return { points, scale };
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** The longest round length that is no longer than `most` pixels, in metres. */
export function roundLength(scale: number, most: number): number {
  const metres = most / scale;
  const power = 10 ** Math.floor(Math.log10(metres));
  return ([5, 2, 1].find((one) => one * power <= metres) ?? 1) * power;
}

export type Side = "right" | "left" | "below" | "above";

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const DOT = 9;

/** The side of each point on which its name hides neither another's point nor name; undefined where there is none. */
export function sides(
  points: readonly Point[],
  sizes: readonly { width: number; height: number }[],
  frame: { width: number; height: number },
): (Side | undefined)[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT }));
  return points.map((point, at) => {
    const size = sizes[at] ?? { width: 0, height: 0 };
    for (const side of ["right", "left", "below", "above"] as const) {
      const box = beside(point, side, size);
      const inside = box.left >= 0 && box.top >= 0 && box.right <= frame.width && box.bottom <= frame.height;
      if (!inside || taken.some((other, place) => place !== at && overlap(box, other))) continue;
      taken.push(box);
      return side;
    }
    return undefined;
  });
}

function beside({ x, y }: Point, side: Side, { width, height }: { width: number; height: number }): Box {
  const left = side === "right" ? x + DOT : side === "left" ? x - DOT - width : x - width / 2;
  const top = side === "below" ? y + DOT : side === "above" ? y - DOT - height : y - height / 2;
  return { left, top, right: left + width, bottom: top + height };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
