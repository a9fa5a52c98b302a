import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { backtested, type Incident, useIncidents, type WouldHaveFired } from "../api/alerts";
import { readDashboard, useDashboards } from "../api/dashboards";
import type { Panel } from "../dashboards/model";
import { TimelinePanel } from "../dashboards/panels/TimelinePanel";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import { Choice } from "../pieces/Choice";
import { Command } from "../pieces/Command";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Go } from "../pieces/Go";
import { Failure, Waiting } from "../pieces/States";
import type { Row } from "../push/protocol";
import { useLink } from "../push/useWatch";
import { NOTHING } from "../push/watched";
import { duration, number, plural } from "../text/number";
import { DAY, HOUR } from "../text/time";
import css from "./Alerts.module.css";
import { keyText } from "./tones";

const RANGES = [
  { value: "", label: "all that is kept" },
  { value: String(HOUR), label: "the last hour" },
  { value: String(DAY), label: "the last day" },
  { value: String(7 * DAY), label: "the last 7 days" },
];

const COLUMNS: TableColumn[] = [
  { name: "title", label: "It would have said", type: "STRING" },
  { name: "description", label: "Description", type: "STRING" },
  { name: "start", label: "Held since", unit: "moment" },
  { name: "fired", label: "Fired", unit: "moment" },
  { name: "end", label: "Ended", unit: "moment" },
  { name: "lasted", label: "Fired for", type: "BIGINT", unit: "duration" },
];
/** Lanes that are drawn: those of the keys that fired most often. */
const LANES = 8;

/** What a rule would have fired over the rows that are kept, beside what did fire. Nothing is written, nobody told. */
export function Backtest({ name }: { name: string }) {
  const [range, setRange] = useState("");
  const [from, setFrom] = useState<{ since: number | undefined }>();
  const { eventTime } = useLink();
  const tested = useQuery({ ...backtested(name, from?.since), enabled: from !== undefined });
  const lived = useIncidents(name);
  const { found, took } = tested.data ?? {};
  const run = () => {
    const since = range && eventTime != null ? eventTime - Number(range) : undefined;
    if (from && from.since === since) void tested.refetch();
    else setFrom({ since });
  };
  return (
    <Section
      title="Test over history"
      tools={
        <div className={css.tools}>
          <Choice label="Over" value={range} options={RANGES} onChange={setRange} />
          <Button onClick={run} disabled={tested.isFetching}>
            Test it
          </Button>
        </div>
      }
    >
      <div className={css.padded}>
        {!from && (
          <p className={css.name}>Its query is run over the rows that are kept: nothing is written, and nobody told.</p>
        )}
        {tested.isFetching && <Waiting height={80} label="The rule is being tested" />}
        {tested.error && !tested.isFetching && <Failure error={tested.error} retry={() => void tested.refetch()} />}
        {found && !tested.isFetching && (
          <p role="status">
            It would have fired <b>{plural(found.length, "time")}</b>
            {often(found)} <span className={css.name}>({number(took ?? 0, 0)} ms)</span>
          </p>
        )}
        {found && found.length > 0 && !tested.isFetching && (
          <>
            <Lanes found={found} lived={lived.data ?? []} />
            <Charts name={name} />
          </>
        )}
        <Command text={`penstock alert test DIR ${name}`} />
      </div>
      {found && found.length > 0 && !tested.isFetching && (
        <DataTable label="Would have fired" columns={COLUMNS} rows={found.map(rowOf)} />
      )}
    </Section>
  );
}

const rowOf = ({ key: _, ...one }: WouldHaveFired) => ({
  ...one,
  end: one.end ?? "not yet",
  lasted: one.end == null ? "" : one.end - one.fired,
});

/** How often that is: in all of the time from the first to the last. */
function often(found: readonly WouldHaveFired[]): string {
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last || found.length < 2 || last.fired === first.fired) return ".";
  return `, once in ${duration((last.fired - first.fired) / (found.length - 1))} on average.`;
}

const STATES = { lived: "did fire", tested: "would have fired" };
const PANEL: Panel = {
  id: "lanes",
  title: "When it fired",
  kind: "timeline",
  x: "fired",
  until: "end",
  y: "key",
  series: "state",
  columns: [
    { name: "state", tones: { [STATES.tested]: "attention", [STATES.lived]: "bad" } },
    { name: "fired", unit: "moment" },
    { name: "end", unit: "moment" },
  ],
};
const TOLD = [
  { name: "key", type: "STRING" },
  { name: "state", type: "STRING" },
  { name: "fired", type: "BIGINT" },
  { name: "end", type: "BIGINT" },
];

/** Two lanes for each key: what the test says, and below it what has happened. */
function Lanes({ found, lived }: { found: readonly WouldHaveFired[]; lived: readonly Incident[] }) {
  const times = new Map<string, number>();
  for (const one of found) times.set(keyText(one.key), (times.get(keyText(one.key)) ?? 0) + 1);
  const keys = [...times].sort((a, b) => b[1] - a[1]).slice(0, LANES);
  const shown = new Set(keys.map(([key]) => key));
  const first = Math.min(...found.map((one) => one.fired));
  const row = (key: string, state: string, fired: number, end: number | null | undefined): Row => [
    `${key.replaceAll(/\w+=/g, "") || "all"} \u00b7 ${state === STATES.lived ? "did" : "would"}`,
    state,
    fired,
    end ?? null,
  ];
  const rows = [
    ...found.map((one) => ({ ...one, state: STATES.tested })),
    ...lived.filter((one) => one.kind === "condition").map((one) => ({ ...one, state: STATES.lived })),
  ].flatMap((one) =>
    shown.has(keyText(one.key)) && one.fired != null && one.fired >= first
      ? [row(keyText(one.key), one.state, one.fired, one.end)]
      : [],
  );
  const none = () => undefined;
  return (
    <div>
      <TimelinePanel
        panel={PANEL}
        held={{ ...NOTHING, columns: TOLD, rows }}
        height={240}
        titled={false}
        sync="backtest"
        zoom={undefined}
        onZoom={none}
        onAsk={none}
      />
      {times.size > LANES && (
        <p className={css.name}>
          The {LANES} keys that fire most, of {times.size}.
        </p>
      )}
    </div>
  );
}

/** The dashboards whose panels mark the rule: there the test is marked on what it is about. */
function Charts({ name }: { name: string }) {
  const { data: dashboards = [] } = useDashboards();
  const names = dashboards.filter((one) => !one.error).map((one) => one.name);
  const { data = [] } = useQuery({
    queryKey: ["dashboards", "of", name, ...names],
    queryFn: async () => {
      const all = await Promise.all(names.map(readDashboard));
      return all
        .map(({ dashboard }) => dashboard)
        .filter((one) => one.panels.some((panel) => panel.alerts?.some(({ rule }) => rule === name)));
    },
  });
  if (data.length === 0) return null;
  return (
    <p>
      On its charts:{" "}
      {data.map((one, at) => (
        <span key={one.name}>
          {at > 0 && ", "}
          <Go href={`/dashboards/${one.name}?test=${name}`}>{one.title.replaceAll(/ ?\{\w+\}/g, "")}</Go>
        </span>
      ))}
    </p>
  );
}
