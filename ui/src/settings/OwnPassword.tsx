import { useState } from "react";
import { useOwnPassword } from "../api/accounts";
import { Button } from "../pieces/Button";
import { Form, TextField } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { SHORTEST } from "./passwords";

/** Changes the password that one has logged in with. */
export function OwnPassword() {
  const [open, setOpen] = useState(false);
  const [password, setPassword] = useState("");
  const [next, setNext] = useState("");
  const change = useOwnPassword();
  const whole = password !== "" && next.length >= SHORTEST;
  const close = () => {
    setOpen(false);
    setPassword("");
    setNext("");
  };
  const go = () => change.mutate({ password, new: next }, { onSuccess: close });
  return (
    <div>
      <Button onClick={() => setOpen(true)}>Change your password</Button>
      <Sheet
        title="Change your password"
        open={open}
        onClose={close}
        footer={
          <Button look="main" disabled={!whole || change.isPending} onClick={go}>
            Change it
          </Button>
        }
      >
        <Form onSubmit={() => whole && go()}>
          <TextField
            label="As it is"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
          />
          <TextField
            label="As it shall be"
            type="password"
            autoComplete="new-password"
            value={next}
            onChange={setNext}
            note={`${SHORTEST} characters or more. All other logins of yours end.`}
          />
        </Form>
        {change.error && <Failure error={change.error} />}
      </Sheet>
    </div>
  );
}
