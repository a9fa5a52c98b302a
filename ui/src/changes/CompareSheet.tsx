import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { comparePipeline, type Comparison } from "../api/changes";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Form, SameAs, TextField } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { number, plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./Changes.module.css";

const EVER = "1970-01-01T00:00:00Z";

type Table = Comparison["tables"][number];

/** Both queries are run over what is kept from a time on, beside the live pipeline, and what they give is compared. */
export function CompareSheet({ pipeline, onClose }: { pipeline: string; onClose: () => void }) {
  const [since, setSince] = useState("");
  const [key, setKey] = useState("");
  const form = useId();
  const from = since.trim() || EVER;
  const keys = key
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const run = useMutation({ mutationFn: () => comparePipeline(pipeline, { since: from, key: keys }) });
  return (
    <Sheet
      title={`Compare results of ${pipeline}`}
      open
      onClose={onClose}
      footer={
        <Button look="main" type="submit" form={form} disabled={run.isPending}>
          {run.isPending ? "Both run…" : "Run both and compare"}
        </Button>
      }
    >
      <p className={css.before}>
        The query as its file is now and the one that runs are both run over what the pipeline has read, beside it.
        Nothing is changed.
      </p>
      <Form id={form} onSubmit={() => !run.isPending && run.mutate()}>
        <TextField
          label="Records from"
          value={since}
          onChange={setSince}
          placeholder="all that are kept"
          note="A time such as 2026-01-31T12:00:00Z; windows that are open then are whole."
        />
        <TextField
          label="Key columns"
          value={key}
          onChange={setKey}
          placeholder="those of the table"
          note="What tells rows apart; without a key a row is equal or not."
        />
      </Form>
      {run.error && <Failure error={run.error} />}
      {run.data && !run.isPending && (
        <section className={css.compared} aria-label="What the comparison found">
          <p className={css.before} role="status">
            {plural(run.data.records, "record")} {run.data.records === 1 ? "was" : "were"} read from then on.
          </p>
          {run.data.tables.map((table) => (
            <Found key={table.table} table={table} />
          ))}
        </section>
      )}
      <SameAs
        command={shell(
          "penstock",
          "compare",
          "DIR",
          pipeline,
          "--from",
          from,
          ...keys.flatMap((one) => ["--key", one]),
        )}
      />
    </Sheet>
  );
}

function Found({ table }: { table: Table }) {
  const { only_here, only_there, differing } = table;
  const columns: TableColumn[] = [
    { name: "$side", label: "Given by", type: "STRING", width: 112 },
    ...table.columns.map((name) => ({ name, label: name })),
  ];
  const rows = table.sample.flatMap(({ here, there }) => [
    ...(here ? [{ $side: "the file's", ...(here as TableRow) }] : []),
    ...(there ? [{ $side: "the live one", ...(there as TableRow) }] : []),
  ]);
  return (
    <>
      <h3 className={css.found}>{table.table}</h3>
      <Facts>
        <dt>Equal</dt>
        <dd>{number(table.equal)}</dd>
        <dt>Given by the file&rsquo;s query alone</dt>
        <dd>{number(only_here)}</dd>
        <dt>Given by the live one alone</dt>
        <dd>{number(only_there)}</dd>
        <dt>Of the same key, and not equal</dt>
        <dd>{table.key.length > 0 ? number(differing) : "–"}</dd>
      </Facts>
      {rows.length > 0 && (
        <DataTable label={`What differs in ${table.table}`} columns={columns} rows={rows as TableRow[]} />
      )}
    </>
  );
}
