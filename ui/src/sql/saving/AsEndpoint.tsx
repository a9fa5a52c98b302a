import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSavedQueries } from "../../api/asked";
import { api, body } from "../../api/client";
import { Button } from "../../pieces/Button";
import { Command } from "../../pieces/Command";
import { Form, TextField } from "../../pieces/Form";
import { Failure } from "../../pieces/States";
import { endpointText, nameOf } from "./files";
import css from "./Saving.module.css";
import type { SaveProps } from "./SaveSheet";

/** A file of queries/, which programs ask by its name. */
export function AsEndpoint({ sql }: SaveProps) {
  const [title, setTitle] = useState("");
  const queries = useQueryClient();
  const { data: known = [] } = useSavedQueries();
  const name = nameOf(title);
  const taken = known.some((one) => one.name === name) ? `There is a queries/${name}.sql already.` : undefined;
  const save = useMutation({
    mutationFn: () => {
      const params = { path: { name }, header: { "if-match": "*" } };
      return body(api.PUT("/api/queries/{name}/file", { params, body: { text: endpointText(title, sql) } }));
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["saved"] }),
  });
  const whole = name !== "" && !save.isPending && (!taken || save.isSuccess);
  if (save.data) {
    return (
      <>
        <p role="status">Saved as queries/{save.data.name}.sql. It is asked with the rights of whoever calls it:</p>
        <Command text={`curl ${location.origin}/api/queries/${save.data.name}`} />
        <Command text={`penstock queries run DIR ${save.data.name}`} />
      </>
    );
  }
  return (
    <>
      <Form onSubmit={() => whole && save.mutate()}>
        <TextField
          label="What it is about"
          whole
          value={title}
          onChange={setTitle}
          wrong={taken}
          note={`The file will be queries/${name || "\u2026"}.sql. A comment -- @param NAME TYPE gives it parameters.`}
        />
      </Form>
      {save.error && <Failure error={save.error} />}
      <div className={css.acts}>
        <Button look="main" disabled={!whole} onClick={() => save.mutate()}>
          Save the endpoint
        </Button>
      </div>
    </>
  );
}
