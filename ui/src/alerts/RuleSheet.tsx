import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { readRule, useSaveRule, useTryRule } from "../api/alerts";
import { Button } from "../pieces/Button";
import { Conflict } from "../pieces/Conflict";
import { AreaField, Form, TextField } from "../pieces/Form";
import { Go } from "../pieces/Go";
import { Sheet } from "../pieces/Sheet";
import { Failure, Waiting } from "../pieces/States";
import css from "./Alerts.module.css";
import { Tried } from "./Tried";

const BEGUN = `title = ""
table = ""
when = ""
key = []
severity = "warning"
notify = []
`;
const FITS = /^[a-z0-9][a-z0-9_-]{0,99}$/;

/** Makes a rule: a file of alerts/. */
export function NewRule({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState("");
  const wrong =
    name && !FITS.test(name)
      ? "Small letters, digits, - and _; a letter or digit first."
      : taken.includes(name)
        ? "There is a rule of this name."
        : undefined;
  return (
    <Editing title="A new rule" name={wrong ? "" : name} read={{ text: BEGUN, tag: "*" }} onClose={onClose}>
      <TextField
        label="Name"
        whole
        value={name}
        onChange={setName}
        wrong={wrong}
        note={`The file will be alerts/${name || "\u2026"}.toml`}
      />
    </Editing>
  );
}

/** Changes a rule: its file as it is now. */
export function EditRule({ name, onClose }: { name: string; onClose: () => void }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["alert-file", name],
    queryFn: () => readRule(name),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY, // what is edited is what was read, until it is read again
  });
  if (data) {
    return (
      <Editing
        key={data.tag}
        title={`alerts/${name}.toml`}
        name={name}
        read={data}
        onClose={onClose}
        onTakeTheirs={() => void refetch()}
      />
    );
  }
  return (
    <Sheet title={`alerts/${name}.toml`} open onClose={onClose}>
      {isPending && <Waiting height={320} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
    </Sheet>
  );
}

interface Props {
  title: string;
  /** Empty where there is none yet. */
  name: string;
  read: { text: string; tag: string };
  onClose: () => void;
  onTakeTheirs?: () => void;
  children?: ReactNode;
}

/** A rule's text: tried over what is kept, and saved over the file that was read alone. */
function Editing({ title, name, read, onClose, onTakeTheirs, children }: Props) {
  const [text, setText] = useState(read.text);
  const tried = useTryRule();
  const save = useSaveRule();
  const ready = name !== "" && text !== read.text && !save.isPending;
  const submit = (tag: string) => save.mutate({ name, text, tag });
  if (save.isSuccess) {
    const saved = save.variables.name; // a new name is taken by now
    return (
      <Sheet title={title} open onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
        <p role="status">
          Saved as <Go href={`/alerts/${saved}`}>alerts/{saved}.toml</Go>. Where the project runs, the rule does from
          now on.
        </p>
      </Sheet>
    );
  }
  const error = save.error ?? tried.error;
  return (
    <Sheet
      title={title}
      open
      onClose={onClose}
      footer={
        <>
          <Button className={css.first} disabled={tried.isPending} onClick={() => tried.mutate(text)}>
            Test it
          </Button>
          <Button onClick={onClose}>{text === read.text ? "Close" : "Discard"}</Button>
          <Button look="main" disabled={!ready} onClick={() => submit(read.tag)}>
            Save
          </Button>
        </>
      }
    >
      <div className={css.parts}>
        <Form>
          {children}
          <AreaField
            label="The file"
            rows={18}
            value={text}
            onChange={setText}
            note="Comments stay. table, or query: a SELECT in Flink's SQL whose rows have an event time and do not change afterwards."
          />
        </Form>
        {save.difference !== undefined && (
          <Conflict
            difference={save.difference}
            onKeepMine={() => submit("now")}
            onTakeTheirs={() => onTakeTheirs?.()}
          />
        )}
        {error && save.difference === undefined && <Failure error={error} />}
        {tried.data && !tried.isPending && <Tried found={tried.data} />}
      </div>
    </Sheet>
  );
}
