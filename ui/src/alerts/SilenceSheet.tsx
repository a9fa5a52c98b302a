import { useState } from "react";
import { useBeginSilence } from "../api/alerts";
import { Button } from "../pieces/Button";
import { Command } from "../pieces/Command";
import { ChoiceField, Form, TextField } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { HOUR, moment } from "../text/time";
import css from "./Alerts.module.css";
import { keyText } from "./tones";

const LENGTHS = [
  { value: "0.5", label: "30 min" },
  { value: "2", label: "2 h" },
  { value: "8", label: "8 h" },
  { value: "24", label: "24 h" },
  { value: "168", label: "7 d" },
];

interface Props {
  /** To choose from; the only one is given. */
  rules: readonly string[];
  /** Of one incident: its key can be all that is silenced. */
  keyed?: Readonly<Record<string, unknown>>;
  onClose: () => void;
}

/** For a while nobody is told of a rule's incidents. */
export function SilenceSheet({ rules, keyed = {}, onClose }: Props) {
  const [rule, setRule] = useState(rules[0] ?? "");
  const [hours, setHours] = useState("2");
  const [note, setNote] = useState("");
  const [one, setOne] = useState(Object.keys(keyed).length > 0);
  const [opened] = useState(() => Date.now());
  const begin = useBeginSilence();
  const key = Object.fromEntries(one ? Object.entries(keyed).map(([name, value]) => [name, String(value)]) : []);
  const length = LENGTHS.find(({ value }) => value === hours)?.label ?? "";
  const go = () => {
    if (begin.isPending) return;
    begin.mutate({ rule, key, milliseconds: Number(hours) * HOUR, note, by: "" }, { onSuccess: onClose });
  };
  const keys = Object.entries(key).flatMap(([name, value]) => ["--key", `${name}=${value}`]);
  return (
    <Sheet
      title="Silence"
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" disabled={begin.isPending} onClick={go}>
            Silence it
          </Button>
        </>
      }
    >
      <div className={css.parts}>
        <Form onSubmit={go}>
          <ChoiceField
            label="Rule"
            value={rule}
            options={rules.map((value) => ({ value, label: value }))}
            onChange={setRule}
          />
          <ChoiceField
            label="For"
            value={hours}
            options={LENGTHS}
            onChange={setHours}
            note={`until about ${moment(opened + Number(hours) * HOUR).slice(0, 16)}`}
          />
          {Object.keys(keyed).length > 0 && (
            <ChoiceField
              label="Of it"
              whole
              value={one ? "one" : "all"}
              options={[
                { value: "one", label: keyText(keyed) },
                { value: "all", label: "every key" },
              ]}
              onChange={(choice) => setOne(choice === "one")}
            />
          )}
          <TextField label="Why" whole value={note} onChange={setNote} note="For those who wonder." />
        </Form>
        <p>
          Incidents are found and shown as before; nobody is told of them. What still fires when the silence ends is
          told then.
        </p>
        {begin.error && <Failure error={begin.error} />}
        <Command
          text={shell(
            ...["penstock", "alert", "silence", "DIR", rule, ...keys, "--for", length],
            ...(note ? ["--note", note] : []),
          )}
        />
      </div>
    </Sheet>
  );
}
