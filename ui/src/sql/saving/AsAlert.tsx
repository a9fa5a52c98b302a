import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { Button } from "../../pieces/Button";
import { AreaField, Form, TextField } from "../../pieces/Form";
import { Failure } from "../../pieces/States";
import { plural } from "../../text/number";
import { moment } from "../../text/time";
import { alertText, nameOf } from "./files";
import css from "./Saving.module.css";
import type { SaveProps } from "./SaveSheet";

const LISTED = 5;

/** A file of alerts/: tried over what is kept before it is saved. */
export function AsAlert({ sql }: SaveProps) {
  const [title, setTitle] = useState("");
  const [when, setWhen] = useState("");
  const [written, setWritten] = useState<string>();
  const queries = useQueryClient();
  const text = written ?? alertText(title, sql, when);
  const name = nameOf(title);
  const tried = useMutation({ mutationFn: () => body(api.POST("/api/alerts/test", { body: { text } })) });
  const save = useMutation({
    mutationFn: () => {
      const params = { path: { name }, header: { "if-match": "*" } };
      return body(api.PUT("/api/alerts/{name}/file", { params, body: { text } }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  if (save.isSuccess) {
    return <p role="status">Saved as alerts/{name}.toml. The rule runs from the next start of the project on.</p>;
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
      {tried.data && !tried.isPending && (
        <div className={css.found} role="status">
          <p>It would have fired {plural(tried.data.length, "time")} over all that is kept.</p>
          <ul>
            {tried.data.slice(-LISTED).map((one) => (
              <li key={`${one.fired} ${JSON.stringify(one.key)}`} className={css.note}>
                {moment(one.fired)} {one.title} {one.description}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className={css.acts}>
        <Button disabled={tried.isPending} onClick={() => tried.mutate()}>
          Test it
        </Button>
        <Button look="main" disabled={!whole} onClick={() => save.mutate()}>
          Save the alert
        </Button>
      </div>
    </>
  );
}
