import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { applyFiles, useDifference } from "../../api/changes";
import { api, body } from "../../api/client";
import { changedOf, lossesOf, wordsOf } from "../../changes/words";
import { Button } from "../../pieces/Button";
import { AreaField, Form, SameAs, TextField } from "../../pieces/Form";
import { Go } from "../../pieces/Go";
import { Failure, Waiting } from "../../pieces/States";
import { nameOf, pipelineText } from "./files";
import css from "./Saving.module.css";
import type { SaveProps } from "./SaveSheet";

/** A file of sql/: a table, and the pipeline that writes it. It runs once it is applied. */
export function AsPipeline({ sql, columns }: SaveProps) {
  const [called, setCalled] = useState("");
  const [key, setKey] = useState("");
  const [written, setWritten] = useState<string>();
  const name = nameOf(called);
  const keys = key
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const text = written ?? pipelineText(name || "results", columns ?? [], sql, keys);
  const save = useMutation({
    mutationFn: () => {
      const params = { path: { name }, header: { "if-match": "*" } };
      return body(api.PUT("/api/sql/{name}/file", { params, body: { text } }));
    },
  });
  if (save.isSuccess) return <Apply file={name} />;
  const whole = name !== "" && !save.isPending;
  return (
    <>
      {!columns && (
        <p className={css.note}>Ask the question first: the columns of its answer are those of the table.</p>
      )}
      <Form>
        <TextField
          label="Name of its table"
          value={called}
          onChange={setCalled}
          note={`sql/${name || "\u2026"}.sql, over a topic of the same name.`}
        />
        <TextField
          label="Key columns"
          value={key}
          onChange={setKey}
          note="Where rows change afterwards, as sums without a window do: the table holds the last row of each."
        />
        <AreaField label="The file" rows={14} value={text} onChange={setWritten} note="In Flink's SQL." />
      </Form>
      {save.error && <Failure error={save.error} />}
      <div className={css.acts}>
        <Button look="main" disabled={!whole} onClick={() => save.mutate()}>
          Save the pipeline
        </Button>
      </div>
    </>
  );
}

/** What the saved file changes, and letting it. */
function Apply({ file }: { file: string }) {
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useDifference();
  const apply = useMutation({
    mutationFn: applyFiles,
    onSuccess: () => queries.invalidateQueries(),
  });
  const changed = data ? changedOf(data) : [];
  const losses = data ? lossesOf(data) : [];
  if (apply.data) {
    return (
      <p role="status">
        Applied:{" "}
        {apply.data.pipelines.map((one, at) => (
          <span key={one.name}>
            {at > 0 && ", "}
            <Go href={`/pipelines/${encodeURIComponent(one.name)}`}>{one.name}</Go> is {one.what}
          </span>
        ))}
        .
      </p>
    );
  }
  return (
    <>
      <p role="status">Saved as sql/{file}.sql. Nothing runs by it yet.</p>
      {isPending && <Waiting height={80} label="What it changes is being looked at" />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <ul className={css.found} aria-label="What is changed">
          {changed.map((one) => (
            <li key={one.name}>
              <b>{one.name}</b> is {one.what}
              {one.operators.map((operator) => (
                <div key={operator.operator} className={css.note}>
                  {operator.operator}: {operator.what} {wordsOf(operator)}
                </div>
              ))}
              {[...one.remarks, one.refusal].filter(Boolean).map((remark) => (
                <div key={remark} className={css.note}>
                  {remark}
                </div>
              ))}
            </li>
          ))}
        </ul>
      )}
      {apply.error && <Failure error={apply.error} />}
      {losses.length > 0 && (
        <p>
          Other files have changed too, and {losses.join(", ")} would be lost: <Go href="/changes">look at it</Go>{" "}
          before it is applied.
        </p>
      )}
      <SameAs command="penstock apply DIR" />
      <div className={css.acts}>
        <Button
          look="main"
          disabled={
            !data ||
            changed.length === 0 ||
            losses.length > 0 ||
            changed.some((one) => one.refusal !== "") ||
            apply.isPending
          }
          onClick={() => data && apply.mutate(data.token)}
        >
          Apply it
        </Button>
      </div>
    </>
  );
}
