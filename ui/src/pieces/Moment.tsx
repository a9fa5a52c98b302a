import { clock, moment, utc } from "../text/time";

interface Props {
  ms: number;
  /** The time alone, where the day is plain. */
  short?: boolean;
}

/** A moment in the viewer's zone; UTC on hover. */
export function Moment({ ms, short }: Props) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {short ? clock(ms) : moment(ms)}
    </time>
  );
}
