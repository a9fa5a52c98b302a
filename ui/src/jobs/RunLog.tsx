import { useEffect, useRef } from "react";
import { useRunLog } from "../api/jobs";
import { useFilters } from "../frame/useFilters";
import { Section } from "../frame/View";
import { Segmented } from "../pieces/Segmented";
import { Failure, Waiting } from "../pieces/States";
import { Moment } from "../pieces/Moment";
import { zone } from "../text/time";
import css from "./Jobs.module.css";

/** So near its end one reads what comes. px */
const NEAR = 40;
const SHOWN = [
  { value: "", label: "All lines" },
  { value: "warning", label: "Warnings and errors" },
];

/** What a run has written, and writes: at its end it follows, unless one has scrolled back. */
export function RunLog({ identity, goes }: { identity: string; goes: boolean }) {
  const { data, error, isPending, refetch } = useRunLog(identity, goes);
  const [filters, setFilters] = useFilters();
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const grave = filters.log === "warning";
  const lines = (data?.lines ?? []).filter(({ level }) => !grave || level !== "info");
  useEffect(() => {
    if (follows.current) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [lines.length]);
  return (
    <Section
      title="Log"
      tools={
        <div className={css.logTools}>
          <small>{zone()}</small>
          <Segmented
            label="Which lines"
            value={grave ? "warning" : ""}
            options={SHOWN}
            onChange={(log) => setFilters({ log: log || undefined }, true)}
          />
        </div>
      }
    >
      {isPending && <Waiting height={160} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && lines.length === 0 && (
        <p className={css.none}>{grave ? "No line warns." : "Nothing was written yet."}</p>
      )}
      {lines.length > 0 && (
        <div
          ref={box}
          className={css.log}
          role="log"
          aria-label="Log of the run"
          aria-live="off"
          tabIndex={0}
          onScroll={({ currentTarget: place }) => {
            follows.current = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR;
          }}
        >
          {lines.map((line, at) => (
            <div key={at} className={line.level === "error" ? css.bad : line.level === "warning" ? css.attention : ""}>
              <Moment ms={line.time} short />
              {line.step && <b>{line.step}</b>}
              <span>{line.line}</span>
            </div>
          ))}
        </div>
      )}
    </Section>
  );
}
