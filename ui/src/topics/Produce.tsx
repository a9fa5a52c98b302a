import { useId, useState } from "react";
import { useAct } from "../api/acts";
import { api, body, type Schemas } from "../api/client";
import { Button } from "../pieces/Button";
import { AreaField, ChoiceField, Form, SameAs, TextField, Tick } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { number } from "../text/number";
import { shell } from "../text/shell";
import css from "./TopicView.module.css";

interface Props {
  topic: Schemas["TopicAnswer"];
  /** A record that is there already: what one writes is often like it. */
  like: string | undefined;
  onClose: () => void;
}

/** Appends one record by hand. */
export function Produce({ topic, like, onClose }: Props) {
  const [value, setValue] = useState(like ?? "");
  const [key, setKey] = useState("");
  const [headers, setHeaders] = useState("");
  const [partition, setPartition] = useState("");
  const [ends, setEnds] = useState(false);
  const [checked, setChecked] = useState(true);
  const form = useId();
  const marks = marksOf(headers);
  const given = {
    ...(ends ? {} : { value }),
    ...(key ? { key } : {}),
    ...(partition ? { partition: Number(partition) } : {}),
    headers: marks,
    checked,
  };
  const path = { name: topic.name };
  const produce = useAct(
    () => body(api.POST("/api/topics/{name}/produce", { params: { path }, body: given })),
    ["topics"],
  );
  const may = (ends ? key !== "" : value !== "") && !produce.isPending;
  const places = [
    { value: "", label: "by the key" },
    ...topic.details.map((one) => ({ value: String(one.partition), label: String(one.partition) })),
  ];
  return (
    <Sheet
      title={`A record for ${topic.name}`}
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button look="main" type="submit" form={form} disabled={!may}>
            Append it
          </Button>
        </>
      }
    >
      <Form id={form} onSubmit={() => may && produce.mutate(undefined)}>
        {!ends && <AreaField label="Value" value={value} onChange={setValue} note={noteOn(value)} />}
        <TextField
          label="Key"
          value={key}
          onChange={setKey}
          note={ends ? "What has this key ends." : "By default as the table over the topic declares it."}
        />
        <ChoiceField label="Partition" value={partition} options={places} onChange={setPartition} />
        <AreaField label="Headers, one NAME=VALUE a line" value={headers} onChange={setHeaders} rows={2} />
        <Tick label="A tombstone: no value, it ends what has its key" whole checked={ends} onChange={setEnds} />
        {topic.tables.length > 0 && (
          <Tick
            label={<>Only if {topic.tables.join(", ")} can read it; else it is appended and becomes a reject</>}
            whole
            checked={checked}
            onChange={setChecked}
          />
        )}
      </Form>
      <p className={css.told} aria-live="polite">
        {produce.data && `Appended to partition ${produce.data.partition} at offset ${number(produce.data.offset)}.`}
      </p>
      {produce.error && <Failure error={produce.error} />}
      <SameAs
        command={shell(
          "penstock",
          "topic",
          "produce",
          "DIR",
          topic.name,
          ends ? "--tombstone" : value.trim() || "VALUE",
          ...(key ? ["--key", key] : []),
          ...Object.entries(marks).flatMap(([name, text]) => ["--header", `${name}=${text}`]),
          partition ? `--partition=${partition}` : undefined,
          checked ? undefined : "--unchecked",
        )}
      />
    </Sheet>
  );
}

function marksOf(lines: string): Record<string, string> {
  const marks = lines.split("\n").filter((line) => line.trim());
  return Object.fromEntries(
    marks.map((line) => {
      const [name = "", ...rest] = line.split("=");
      return [name.trim(), rest.join("=")];
    }),
  );
}

/** What a person would want to know of JSON while it is typed. */
function noteOn(value: string): string {
  if (!/^\s*[{[]/.test(value)) return "Sent as it is.";
  try {
    JSON.parse(value);
    return "JSON, well formed.";
  } catch (error) {
    return `No JSON yet: ${error instanceof Error ? error.message : String(error)}`;
  }
}
