import { useState } from "react";
import { Tried } from "../../alerts/Tried";
import { useSaveRule, useTryRule } from "../../api/alerts";
import { Button } from "../../pieces/Button";
import { AreaField, Form, TextField } from "../../pieces/Form";
import { Failure } from "../../pieces/States";
import { alertText, nameOf } from "./files";
import css from "./Saving.module.css";
import type { SaveProps } from "./SaveSheet";

/** A file of alerts/: tried over what is kept before it is saved. */
export function AsAlert({ sql }: SaveProps) {
  const [title, setTitle] = useState("");
  const [when, setWhen] = useState("");
  const [written, setWritten] = useState<string>();
  const text = written ?? alertText(title, sql, when);
  const name = nameOf(title);
  const tried = useTryRule();
  const save = useSaveRule();
  if (save.isSuccess) {
    return <p role="status">Saved as alerts/{name}.toml. Where the project runs, the rule does from now on.</p>;
  }
  const whole = name !== "" && !save.isPending;
  const error = save.error ?? tried.error;
  return (
    <>
      <Form>
        <TextField label="Title" value={title} onChange={setTitle} note={`alerts/${name || "\u2026"}.toml`} />
        <TextField
          label="Condition"
          value={when}
          onChange={setWhen}
          note="Over the columns of the rows; without one each row fulfils it."
        />
        <AreaField
          label="The file"
          rows={12}
          value={text}
          onChange={setWritten}
          note="In Flink's SQL: its rows have an event time, and do not change afterwards."
        />
      </Form>
      {error && <Failure error={error} />}
      {tried.data && !tried.isPending && <Tried found={tried.data} />}
      <div className={css.acts}>
        <Button disabled={tried.isPending} onClick={() => tried.mutate(text)}>
          Test it
        </Button>
        <Button look="main" disabled={!whole} onClick={() => save.mutate({ name, text, tag: "*" })}>
          Save the alert
        </Button>
      </div>
    </>
  );
}
