import { type Part, type PartUptime, useHealth, useUptime } from "../api/health";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Moment } from "../pieces/Moment";
import { Segmented } from "../pieces/Segmented";
import { Empty, Failure, Waiting } from "../pieces/States";
import { toSecond } from "../text/time";
import { dayTone, dayWords, measured, percent, STATE_TONES } from "./words";
import css from "./Uptime.module.css";

const SPANS = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
];
const USUAL = "30";

/** The parts that the project needs: how each is now, and how it was on each day. */
export function Uptime() {
  const [filters, setFilters] = useFilters();
  const span = SPANS.find(({ value }) => value === filters.days)?.value ?? USUAL;
  const uptime = useUptime(Number(span));
  const health = useHealth();
  const now = new Map(health.data?.parts.map((part) => [part.component, part]));
  const told = uptime.data;
  return (
    <View
      title="Uptime"
      note={
        told && `At least ${percent(told.target)} of the time is asked of each part. Days are those of ${told.zone}.`
      }
      tools={
        <Segmented
          label="Over how long"
          value={span}
          options={SPANS}
          onChange={(days) => setFilters({ days: days === USUAL ? undefined : days }, true)}
        />
      }
    >
      {uptime.isPending && <Waiting height={240} />}
      {uptime.error && <Failure error={uptime.error} retry={() => void uptime.refetch()} />}
      {health.error && <Failure error={health.error} retry={() => void health.refetch()} />}
      {told && (
        <Section title="Parts">
          {told.parts.length === 0 ? (
            <Empty title="Nothing was probed yet">The parts are probed while the project runs.</Empty>
          ) : (
            <ul className={css.parts} aria-label="Parts">
              {told.parts.map((part) => (
                <PartItem key={part.component} part={part} now={now.get(part.component)} target={told.target} />
              ))}
            </ul>
          )}
        </Section>
      )}
    </View>
  );
}

function PartItem({ part, now, target }: { part: PartUptime; now: Part | undefined; target: number }) {
  const { component, share, meets, days } = part;
  const all = share.up_share === null ? "no time that counts" : `${percent(share.up_share)} up`;
  return (
    <li className={css.part}>
      <div>
        <b>{component}</b>
        {now && (
          <small>
            <span className={css[STATE_TONES[now.state]]}>{now.state}</span> since{" "}
            <Moment ms={toSecond(now.since)} zoned />
            {now.value !== null && `, ${measured(now)}`}
          </small>
        )}
        {now?.detail && <small className={css.bad}>{now.detail}</small>}
      </div>
      <span className={css.days} role="img" aria-label={`${component} by day: ${all}`}>
        {days.map(({ day, share: one }) => (
          <i key={day} className={css[dayTone(one, target)]} title={`${day}: ${dayWords(one)}`} />
        ))}
      </span>
      <span className={`figures ${css.share} ${meets === false ? css.bad : ""}`}>
        {share.up_share === null ? "\u2013" : percent(share.up_share)}
      </span>
    </li>
  );
}
