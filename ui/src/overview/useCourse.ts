import { useRef } from "react";

/** The last `length` values of a number, one for each `time` it was told at. */
export function useCourse(value: number | null, time: number | undefined, length = 60): (number | null)[] {
  const held = useRef<{ time: number | undefined; values: (number | null)[] }>({ time: undefined, values: [] });
  if (time !== undefined && held.current.time !== time) {
    held.current = { time, values: [...held.current.values, value].slice(-length) };
  }
  return held.current.values;
}
