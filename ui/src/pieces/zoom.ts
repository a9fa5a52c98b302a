export interface Point {
  x: number;
  y: number;
}

/** What one press makes larger or smaller. */
export const STEP = 1.25;
const LEAST = 0.1;
const MOST = 2;

export const bounded = (zoom: number) => Math.min(MOST, Math.max(LEAST, zoom));

interface Size {
  width: number;
  height: number;
}

/** How large a picture is shown so that all of it is in sight, and never larger than it is. */
export function fitting(room: Size, picture: Size): number {
  return bounded(Math.min(1, room.width / picture.width, room.height / picture.height));
}
