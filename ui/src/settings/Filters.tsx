import { useState } from "react";
import { type User, useSetFilter } from "../api/accounts";
import { useTables } from "../api/asked";
import { Button } from "../pieces/Button";
import { ChoiceField, Form, SameAs, TextField } from "../pieces/Form";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { filterText, tableOf, valuesOf } from "./filters";
import css from "./Settings.module.css";

/** Columns that a filter can be of. */
const FITS = /^(STRING|VARCHAR|CHAR|TINYINT|SMALLINT|INT|BIGINT|BOOLEAN)/;
const EVERY = "\u0000every";

/** Which rows of which tables a user may see. */
export function Filters({ user }: { user: User }) {
  const [table, setTable] = useState("");
  const [column, setColumn] = useState("");
  const [text, setText] = useState("");
  const { data: tables = [] } = useTables();
  const set = useSetFilter(user.name);
  const columns = tables.find((one) => one.name === table)?.columns.filter(({ type }) => FITS.test(type)) ?? [];
  const type = columns.find((one) => one.name === column)?.type ?? "";
  const values = valuesOf(text, type);
  const every = column === EVERY;
  const whole = table !== "" && (every || (column !== "" && values.length > 0)) && !set.isPending;
  const go = () =>
    set.mutate(
      { table, where: every ? {} : { [column]: values } },
      {
        onSuccess: () => {
          setTable("");
          setColumn("");
          setText("");
        },
      },
    );
  return (
    <section className={css.part} aria-label="Rows that are seen">
      <h2>Rows that are seen</h2>
      {user.filters.length === 0 && (
        <p className={css.note}>All rows of all tables. Who has a filter looks and appends, and changes nothing.</p>
      )}
      <ul className={css.filters} aria-label="Row filters">
        {user.filters.map((one) => (
          <li key={one.path.join(".")}>
            <span>
              <b>{tableOf(one)}</b> {filterText(one)}
            </span>
            <Button
              aria-label={`Take away the filter of ${tableOf(one)}`}
              disabled={set.isPending}
              onClick={() => set.mutate({ table: tableOf(one), where: undefined })}
            >
              Take away
            </Button>
          </li>
        ))}
      </ul>
      <Form onSubmit={() => whole && go()}>
        <ChoiceField
          label="Table"
          value={table}
          options={[{ value: "", label: "choose\u2026" }, ...tables.map(({ name }) => ({ value: name, label: name }))]}
          onChange={(next) => {
            setTable(next);
            setColumn("");
          }}
        />
        <ChoiceField
          label="Column"
          value={column}
          options={[
            { value: "", label: "choose\u2026" },
            ...columns.map(({ name }) => ({ value: name, label: name })),
            ...(table ? [{ value: EVERY, label: "none: every row" }] : []),
          ]}
          onChange={setColumn}
        />
        {!every && (
          <TextField
            label="Values"
            whole
            value={text}
            onChange={setText}
            note="With commas between them: rows with one of them are seen. What pipelines make of the table is closed then."
          />
        )}
      </Form>
      <div className={css.tools}>
        <Button disabled={!whole} onClick={go}>
          Set the filter
        </Button>
      </div>
      {set.error && <Failure error={set.error} />}
      {whole && (
        <SameAs
          command={shell(
            ...["penstock", "user", "filter", "DIR", user.name, table],
            every ? "--all" : `${column}=${values.join(",")}`,
          )}
        />
      )}
    </section>
  );
}
