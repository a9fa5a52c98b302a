import { ChartLine, Radio, Workflow } from "lucide-react";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { useFunctions, useSavedQueries, useTables } from "../api/asked";
import { useMay } from "../api/login";
import { problemOf } from "../api/problem";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Choice } from "../pieces/Choice";
import { Empty, Failure, Waiting } from "../pieces/States";
import { number } from "../text/number";
import { AnswerTable } from "./AnswerTable";
import { LiveAnswer } from "./LiveAnswer";
import { mistakeOf } from "./mistake";
import css from "./Sql.module.css";
import { SqlEditor } from "./SqlEditor";
import { useAnswer } from "./useAnswer";
import { useAskedBefore } from "./useAskedBefore";

const Plan = lazy(() => import("./Plan"));
const SaveSheet = lazy(() => import("./saving/SaveSheet"));

/** Of a question so much stands in a list. */
const GLIMPSE = 72;
const NO_FUNCTIONS: [] = [];
const FIRST = "SELECT *\nFROM penstock.ledger\nLIMIT 100";

/** A question and its answer. The question stands in the address once it is asked. */
export function Sql() {
  const [filters, setFilters] = useFilters();
  const asked = filters.q;
  const [text, setText] = useState(asked ?? FIRST);
  const shown = useRef(asked);
  if (shown.current !== asked) {
    shown.current = asked;
    if (asked !== undefined && asked !== text) setText(asked);
  }
  const { data: tables } = useTables();
  const { data: saved = [] } = useSavedQueries();
  const { data: functions = NO_FUNCTIONS } = useFunctions();
  const [before, remember] = useAskedBefore();
  const [saving, setSaving] = useState(false);
  const may = useMay("operate");
  const answer = useAnswer(filters.live === undefined ? asked : undefined);
  const catalog = useMemo(
    () => Object.fromEntries((tables ?? []).map((one) => [one.name, one.columns.map((column) => column.name)])),
    [tables],
  );
  const run = () => {
    remember(text);
    if (text === asked) answer.again();
    else setFilters({ q: text });
  };
  const mistake = answer.error && text === asked ? mistakeOf(problemOf(answer.error)) : undefined;
  const [live, chart, plan] = [filters.live !== undefined, filters.chart !== undefined, filters.plan !== undefined];
  const looks = (
    <span className={css.looks}>
      <Button aria-pressed={chart} onClick={() => setFilters({ chart: chart ? undefined : "1" }, true)}>
        <ChartLine size={14} aria-hidden="true" /> Chart
      </Button>
      <Button aria-pressed={live} onClick={() => setFilters({ live: live ? undefined : "1" }, true)}>
        <Radio size={14} aria-hidden="true" /> Follow
      </Button>
      <Button aria-pressed={plan} onClick={() => setFilters({ plan: plan ? undefined : "1" }, true)}>
        <Workflow size={14} aria-hidden="true" /> Explain
      </Button>
    </span>
  );
  return (
    <View title="SQL" note="One SELECT at a time, in DuckDB's SQL, over tables, topics, open windows and penstock.*">
      <Section
        title="Question"
        tools={
          <div className={css.tools}>
            {saved.length > 0 && (
              <Choice
                label="Saved"
                value=""
                options={[
                  { value: "", label: "open\u2026" },
                  ...saved.map(({ name }) => ({ value: name, label: name })),
                ]}
                onChange={(name) => setText(saved.find((one) => one.name === name)?.sql ?? text)}
              />
            )}
            {before.length > 0 && (
              <Choice
                label="Asked"
                value=""
                options={[
                  { value: "", label: "before\u2026" },
                  ...before.map((sql) => ({ value: sql, label: glimpse(sql) })),
                ]}
                onChange={setText}
              />
            )}
            {may && (
              <Button onClick={() => setSaving(true)} disabled={!text.trim()}>
                Save as…
              </Button>
            )}
            {answer.running && <Button onClick={answer.cancel}>Cancel</Button>}
            <Button look="main" onClick={run} disabled={!text.trim()}>
              Run <kbd className={css.key}>Ctrl ⏎</kbd>
            </Button>
          </div>
        }
      >
        <SqlEditor
          label="SQL"
          value={text}
          onChange={setText}
          onRun={run}
          catalog={catalog}
          functions={functions}
          mistake={mistake}
        />
      </Section>
      {plan && asked ? (
        <Suspense fallback={<Waiting height={160} />}>
          <Plan sql={asked} tools={looks} />
        </Suspense>
      ) : live && asked ? (
        <LiveAnswer key={asked} query={asked} chart={chart} tools={looks} />
      ) : (
        <Section title="Answer" headless>
          {answer.running && !answer.rows && <Waiting height={240} label="The question is being answered" />}
          {answer.error != null && <Failure error={answer.error} />}
          {answer.error != null && <div className={css.tools}>{looks}</div>}
          {!asked && <Empty title="Nothing is asked yet">Ctrl-Enter asks what stands above.</Empty>}
          {answer.rows && !answer.error && (
            <AnswerTable answer={answer.rows} chart={chart}>
              {looks}
              <span className={css.took}>
                {answer.took !== undefined && `${number(answer.took)} ms`}
                {answer.rows.complete === false && " \u00b7 there are more rows: the answer is cut off"}
              </span>
            </AnswerTable>
          )}
        </Section>
      )}
      <Suspense>
        {saving && (
          <SaveSheet
            sql={text}
            columns={(text === asked && answer.rows?.columns) || undefined}
            onClose={() => setSaving(false)}
          />
        )}
      </Suspense>
    </View>
  );
}

function glimpse(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ").trim();
  return line.length > GLIMPSE ? `${line.slice(0, GLIMPSE)}\u2026` : line;
}
