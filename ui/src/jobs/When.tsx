import { Moment } from "../pieces/Moment";
import { duration } from "../text/number";

/** A moment in the zone that it names, which may be another than the schedule's, and how far off it is. */
export function When({ ms, now }: { ms: number; now: number }) {
  const off = ms - now;
  return (
    <>
      <Moment ms={ms} zoned />, {off > 0 ? `in ${duration(off)}` : "is due"}
    </>
  );
}
