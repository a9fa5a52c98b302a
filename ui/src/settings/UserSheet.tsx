import { useState } from "react";
import { type Role, type User, useRemoveUser, useSetPassword, useSetRole, useTokens } from "../api/accounts";
import { Button } from "../pieces/Button";
import { Confirm } from "../pieces/Confirm";
import { Facts } from "../pieces/Facts";
import { ChoiceField, Form, TextField } from "../pieces/Form";
import { Moment } from "../pieces/Moment";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { plural } from "../text/number";
import { Filters } from "./Filters";
import { SHORTEST } from "./passwords";
import { ROLES } from "./roles";
import css from "./Settings.module.css";

/** One user: another role, another password, which rows are seen, and the end. */
export function UserSheet({ user, onClose }: { user: User; onClose: () => void }) {
  const [removing, setRemoving] = useState(false);
  const setRole = useSetRole(user.name);
  if (removing) return <RemoveUser user={user} onClose={() => setRemoving(false)} onGone={onClose} />;
  return (
    <Sheet
      title={user.name}
      open
      onClose={onClose}
      footer={
        <Button look="danger" onClick={() => setRemoving(true)}>
          Remove the user…
        </Button>
      }
    >
      <div className={css.parts}>
        <Facts>
          <dt>Since</dt>
          <dd>
            <Moment ms={Math.floor(user.since / 1000) * 1000} />
          </dd>
          <dt>Comes in with</dt>
          <dd>{user.password ? "a password, and tokens" : "tokens alone"}</dd>
        </Facts>
        <Form>
          <ChoiceField
            label="Role"
            whole
            value={user.role}
            options={ROLES}
            onChange={(role: Role) => setRole.mutate(role)}
            note={`${ROLES.find((one) => one.value === user.role)?.note ?? ""} Another one holds from the next request on.`}
          />
        </Form>
        {setRole.error && <Failure error={setRole.error} />}
        <Password user={user} />
        <Filters user={user} />
      </div>
    </Sheet>
  );
}

function Password({ user }: { user: User }) {
  const [password, setPassword] = useState("");
  const set = useSetPassword(user.name);
  const short = password !== "" && password.length < SHORTEST ? `${SHORTEST} characters or more.` : undefined;
  const whole = password !== "" && !short && !set.isPending;
  const go = (given: string | null) => set.mutate(given, { onSuccess: () => setPassword("") });
  return (
    <section className={css.part} aria-label="Password">
      <h2>Password</h2>
      <Form onSubmit={() => whole && go(password)}>
        <TextField
          label="Another password"
          whole
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          wrong={short}
          note="It ends all logins of this user."
        />
      </Form>
      <div className={css.tools}>
        <Button disabled={!whole} onClick={() => go(password)}>
          Reset the password
        </Button>
        {user.password && (
          <Button disabled={set.isPending} onClick={() => go(null)}>
            Take it away
          </Button>
        )}
        {set.isSuccess && password === "" && <span role="status">Done: all logins of {user.name} have ended.</span>}
      </div>
      {set.error && <Failure error={set.error} />}
    </section>
  );
}

function RemoveUser({ user, onClose, onGone }: { user: User; onClose: () => void; onGone: () => void }) {
  const remove = useRemoveUser(user.name);
  const tokens = useTokens().data?.filter((one) => one.user === user.name).length;
  return (
    <Confirm
      title={`Remove ${user.name}`}
      name={user.name}
      act="Remove the user"
      command={`penstock user remove DIR ${user.name}`}
      loss={
        tokens === undefined ? undefined : (
          <p>
            {user.name} can come in no more: all logins, {plural(tokens, "token")} and{" "}
            {plural(user.filters.length, "row filter")} go. What {user.name} has done stays in the audit log.
          </p>
        )
      }
      running={remove.isPending}
      error={remove.error}
      onAct={() => remove.mutate(undefined, { onSuccess: onGone })}
      onClose={onClose}
    />
  );
}
