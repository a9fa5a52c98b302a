import { LogOut } from "lucide-react";
import { logOut, useLogin } from "../api/login";
import { Button } from "../pieces/Button";
import css from "./Who.module.css";

/** Who is logged in, and the way out; nothing where nobody has to be. */
export function Who() {
  const login = useLogin().data;
  if (!login?.needed || login.user === null) return null;
  const text = `Log out ${login.user}`;
  return (
    <Button look="plain" aria-label={text} title={text} onClick={() => void logOut()}>
      <span className={css.name}>
        {login.user}
        {!login.rights.includes("operate") && <small> · looks on</small>}
      </span>
      <LogOut size={14} aria-hidden="true" />
    </Button>
  );
}
