import { useMemo, useRef, useState } from "react";
import { useSavedQueries, useTables } from "../api/asked";
import { problemOf } from "../api/problem";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Choice } from "../pieces/Choice";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { named } from "../push/watched";
import { number } from "../text/number";
import { mistakeOf } from "./mistake";
import css from "./Sql.module.css";
import { SqlEditor } from "./SqlEditor";
import { useAnswer } from "./useAnswer";

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
  const answer = useAnswer(asked);
  const catalog = useMemo(
    () => Object.fromEntries((tables ?? []).map((one) => [one.name, one.columns.map((column) => column.name)])),
    [tables],
  );
  const run = () => (text === asked ? answer.again() : setFilters({ q: text }));
  const mistake = answer.error && text === asked ? mistakeOf(problemOf(answer.error)) : undefined;
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
            {answer.running && <Button onClick={answer.cancel}>Cancel</Button>}
            <Button look="main" onClick={run} disabled={!text.trim()}>
              Run <kbd className={css.key}>Ctrl ⏎</kbd>
            </Button>
          </div>
        }
      >
        <SqlEditor label="SQL" value={text} onChange={setText} onRun={run} catalog={catalog} mistake={mistake} />
      </Section>
      <Section title="Answer" headless>
        {answer.running && !answer.rows && <Waiting height={240} label="The question is being answered" />}
        {answer.error != null && <Failure error={answer.error} />}
        {!asked && <Empty title="Nothing is asked yet">Ctrl-Enter asks what stands above.</Empty>}
        {answer.rows && !answer.error && (
          <DataTable
            label="Answer"
            title="Answer"
            columns={answer.rows.columns.map(({ name, type }) => ({ name, label: name, type }))}
            rows={named(answer.rows)}
            height={Math.min(640, 36 + Math.max(1, answer.rows.rows.length) * 32)}
          >
            <span className={css.took}>
              {answer.took !== undefined && `${number(answer.took)} ms`}
              {answer.rows.complete === false && " \u00b7 there are more rows: the answer is cut off"}
            </span>
          </DataTable>
        )}
      </Section>
    </View>
  );
}
