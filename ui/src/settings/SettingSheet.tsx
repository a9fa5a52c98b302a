import { useState } from "react";
import { type Setting, useChangeSetting } from "../api/accounts";
import { useMay } from "../api/login";
import { problemOf } from "../api/problem";
import { Button } from "../pieces/Button";
import { Facts } from "../pieces/Facts";
import { ChoiceField, Form, SameAs, TextField } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { HOLDS, typed } from "./holds";
import css from "./Settings.module.css";

const ANY = ".NAME";
const FORM = "setting";

interface Props {
  setting: Setting;
  /** Of the file as it was read. */
  tag: string;
  onClose: () => void;
}

/** One setting: what it does, from when on a change of it holds, and for an admin the change. */
export function SettingSheet({ setting, tag, onClose }: Props) {
  const { section, name, allowed, choices, description, holds } = setting;
  const [value, setValue] = useState(setting.value ?? "");
  const [called, setCalled] = useState("");
  const may = useMay("admin") && holds !== "file";
  const change = useChangeSetting();
  const any = section.endsWith(ANY);
  const kind = section.replace(ANY, "");
  const of = any ? `${kind}.${called.trim()}` : section;
  const whole = value.trim() !== "" && (!any || called.trim() !== "") && !change.isPending;
  const same = !any && value === setting.value;
  const put = (given: string | null) =>
    change.mutate(
      { section: of, name, value: given === null ? null : typed(given), tag },
      { onSuccess: () => given === null && setValue("") },
    );
  const done = change.data;
  return (
    <Sheet
      title={`[${section}] ${name}`}
      open
      onClose={onClose}
      footer={
        may && (
          <>
            {setting.value !== null && (
              <Button disabled={change.isPending} onClick={() => put(null)}>
                Back to the default
              </Button>
            )}
            <Button look="main" type="submit" form={FORM} disabled={!whole || same}>
              Save
            </Button>
          </>
        )
      }
    >
      <div className={css.part}>
        <p>{description}</p>
        <Facts>
          <dt>Allowed</dt>
          <dd>{allowed}</dd>
          <dt>By default</dt>
          <dd>{setting.default || "\u2013"}</dd>
          <dt>The file has</dt>
          <dd>{setting.value ?? "nothing of it"}</dd>
          <dt>A change holds</dt>
          <dd>{HOLDS[holds]}</dd>
        </Facts>
        {holds === "file" && (
          <p className={css.note}>
            It has a secret, or is about the machine or the system&rsquo;s own records: change it in penstock.toml, and
            start the process again.
          </p>
        )}
        {may && (
          <Form id={FORM} onSubmit={() => whole && !same && put(value)}>
            {any && (
              <TextField
                label={`Of which of ${kind}`}
                whole
                value={called}
                onChange={setCalled}
                note={
                  kind === "topics" ? "One that is made later; what there is by now is altered in Topics." : undefined
                }
              />
            )}
            {choices.length > 0 ? (
              <ChoiceField
                label="Value"
                whole
                value={value}
                options={[
                  ...(choices.includes(value) ? [] : [{ value, label: value || "choose\u2026" }]),
                  ...choices.map((one) => ({ value: one, label: one })),
                ]}
                onChange={setValue}
              />
            ) : (
              <TextField label="Value" whole value={value} onChange={setValue} />
            )}
          </Form>
        )}
        {change.error && <Failure error={change.error} />}
        {problemOf(change.error).code === "file-changed" && (
          <p role="status">What the file has by now is read: save again to change it there.</p>
        )}
        {done && (
          <p role="status" className={css.done}>
            Saved: {name} was {done.before === null ? "as by default" : String(done.before)}, is{" "}
            {done.after === null ? "as by default" : String(done.after)}. It holds {HOLDS[done.holds]}.
          </p>
        )}
        {may && <SameAs command={shell("penstock", "settings", "DIR", "--set", `${of}.${name}=${value}`)} />}
      </div>
    </Sheet>
  );
}
