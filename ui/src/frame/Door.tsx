import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { LOGIN_KEY, logIn, useLogin } from "../api/login";
import { Button } from "../pieces/Button";
import { Failure } from "../pieces/States";
import { useConnection } from "../push/useWatch";
import css from "./Door.module.css";

/** Here a login is hardly ever needed: the page does not wait to be told. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Lets in who need not log in, or has; asks the others to. */
export function Door({ children }: { children: ReactNode }) {
  const login = useLogin();
  const queries = useQueryClient();
  const connection = useConnection();

  // A login that has ended ends the connection first.
  useEffect(
    () =>
      connection.onLink(() => {
        if (connection.link().state === "lost") void queries.invalidateQueries({ queryKey: LOGIN_KEY });
      }),
    [connection, queries],
  );

  if (login.isPending && !LOOPBACK.test(location.hostname)) return null;
  return login.data?.needed && login.data.user === null ? <LogIn /> : children;
}

function LogIn() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [byToken, setByToken] = useState(false);
  const asked = useMutation({ mutationFn: logIn });
  const whole = password !== "" && (byToken || user !== "");
  return (
    <main className={css.door}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (whole) asked.mutate(byToken ? { token: password } : { user, password });
        }}
      >
        <h1>Penstock</h1>
        {!byToken && (
          <label>
            User
            <input
              value={user}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => setUser(event.target.value)}
            />
          </label>
        )}
        <label>
          {byToken ? "PENSTOCK_TOKEN of the server" : "Password"}
          <input
            type="password"
            value={password}
            autoComplete="current-password"
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <div className={css.acts}>
          <Button look="plain" onClick={() => setByToken(!byToken)}>
            {byToken ? "With a password" : "With the server's token"}
          </Button>
          <Button look="main" type="submit" disabled={!whole || asked.isPending}>
            Log in
          </Button>
        </div>
        {asked.error && <Failure error={asked.error} />}
        <p className={css.hint}>
          An admin adds users: <code>penstock user add DIR NAME</code>
        </p>
      </form>
    </main>
  );
}
