import { useState } from "react";
import { type Role, useAddUser, useUsers } from "../api/accounts";
import { Button } from "../pieces/Button";
import { ChoiceField, Form, SameAs, TextField } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { SHORTEST } from "./passwords";
import { ROLES } from "./roles";

/** Adds a user. */
export function NewUser({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [password, setPassword] = useState("");
  const { data: users = [] } = useUsers();
  const add = useAddUser();
  const taken = users.some((one) => one.name === name) ? "There is a user of this name." : undefined;
  const short = password !== "" && password.length < SHORTEST ? `${SHORTEST} characters or more.` : undefined;
  const whole = name.trim() !== "" && !taken && !short && !add.isPending;
  const go = () => add.mutate({ name, role, password: password || null }, { onSuccess: onClose });
  return (
    <Sheet
      title="A new user"
      open
      onClose={onClose}
      footer={
        <Button look="main" disabled={!whole} onClick={go}>
          Add the user
        </Button>
      }
    >
      <Form onSubmit={() => whole && go()}>
        <TextField label="Name" value={name} onChange={setName} wrong={taken} />
        <ChoiceField
          label="Role"
          value={role}
          options={ROLES}
          onChange={setRole}
          note={ROLES.find((one) => one.value === role)?.note}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          whole
          value={password}
          onChange={setPassword}
          wrong={short}
          note="Left out for a program, which has tokens."
        />
      </Form>
      {add.error && <Failure error={add.error} />}
      <SameAs
        command={shell(
          ...["penstock", "user", "add", "DIR", name || "NAME", "--role", role],
          password ? undefined : "--no-password",
        )}
      />
    </Sheet>
  );
}
