import { useState } from "react";
import { type Scope, useMakeToken, useUsers } from "../api/accounts";
import { Button } from "../pieces/Button";
import { ChoiceField, Form, SameAs, TextField } from "../pieces/Form";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { moment } from "../text/time";
import { SCOPES } from "./roles";
import css from "./Settings.module.css";

const DAYS = ["1", "7", "30", "90", "365"];

/** Makes a token, and shows its text this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const { data: users = [] } = useUsers();
  const [chosen, setUser] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [days, setDays] = useState("90");
  const [purpose, setPurpose] = useState("");
  const make = useMakeToken();
  const user = chosen || (users[0]?.name ?? "");
  const whole = user !== "" && !make.isPending;
  const go = () => make.mutate({ user, scope, days: Number(days), purpose });
  if (make.data) {
    return (
      <Sheet title="The token" open onClose={onClose} footer={<Button onClick={onClose}>I have it</Button>}>
        <div className={css.parts}>
          <p>This is the only time that it is shown: what is kept is a hash.</p>
          <Quoted text={make.data.token} label="Copy the token" />
          <p className={css.note}>
            It comes in as {make.data.user}, with scope {make.data.scope}, until {moment(make.data.expires)}. A program
            sends it as Authorization: Bearer.
          </p>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet
      title="A new token"
      open
      onClose={onClose}
      footer={
        <Button look="main" disabled={!whole} onClick={go}>
          Make it
        </Button>
      }
    >
      <Form onSubmit={() => whole && go()}>
        <ChoiceField
          label="User"
          value={user}
          options={users.map(({ name, role }) => ({ value: name, label: `${name} (${role})` }))}
          onChange={setUser}
          wrong={users.length === 0 ? "There is no user yet: add one first." : undefined}
        />
        <ChoiceField
          label="Scope"
          value={scope}
          options={SCOPES}
          onChange={setScope}
          note={`${SCOPES.find((one) => one.value === scope)?.note ?? ""} No more than its user may.`}
        />
        <ChoiceField
          label="Holds for"
          value={days}
          options={DAYS.map((value) => ({ value, label: value === "1" ? "a day" : `${value} days` }))}
          onChange={setDays}
        />
        <TextField label="What it is for" value={purpose} onChange={setPurpose} />
      </Form>
      {make.error && <Failure error={make.error} />}
      <SameAs
        command={shell(
          ...["penstock", "token", "make", "DIR", user || "USER", "--scope", scope, "--days", days],
          ...(purpose ? ["--for", purpose] : []),
        )}
      />
    </Sheet>
  );
}
