import type { ReactNode } from "react";
import { problemOf } from "../api/problem";
import { Button } from "./Button";
import { Command } from "./Command";
import css from "./States.module.css";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** The command that makes what would be here. */
  command?: string;
}

/** What would be here, and what makes it. */
export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className={css.state}>
      <p className={css.title}>{title}</p>
      {children && <div className={css.text}>{children}</div>}
      {command && <Command text={command} />}
    </div>
  );
}

interface FailureProps {
  error: unknown;
  retry?: () => void;
}

/** What went wrong, why, and the next step, as the server says it. */
export function Failure({ error, retry }: FailureProps) {
  const problem = problemOf(error);
  return (
    <div className={`${css.state} ${css.failure}`} role="alert">
      <p className={css.title}>{problem.title}</p>
      {problem.detail && <pre className={css.detail}>{problem.detail}</pre>}
      {problem.hint && <p className={css.text}>{problem.hint}</p>}
      {retry && (
        <div>
          <Button onClick={retry}>Try again</Button>
        </div>
      )}
    </div>
  );
}

interface WaitingProps {
  height: number | string;
  label?: string;
  /** What will be there: rows of a table, else a picture. */
  shape?: "rows" | "picture";
}

/** Keeps the shape of what is being loaded. */
export function Waiting({ height, label = "Loading", shape = "picture" }: WaitingProps) {
  return (
    <div className={`${css.waiting} ${css[shape]}`} style={{ height }} role="status">
      <span className="unseen">{label}</span>
    </div>
  );
}
