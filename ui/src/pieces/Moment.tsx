import { clock, exactly, moment, zoneName } from "../text/time";

interface Props {
  ms: number;
  /** The time alone, where the day is plain. */
  short?: boolean;
  /** Its zone is named: where it stands beside times of another one. */
  zoned?: boolean;
}

/** A moment in the viewer's zone; with its name, and in UTC, on hover. */
export function Moment({ ms, short, zoned }: Props) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactly(ms)}>
      {short ? clock(ms) : moment(ms)}
      {zoned && ` ${zoneName(ms)}`}
    </time>
  );
}
