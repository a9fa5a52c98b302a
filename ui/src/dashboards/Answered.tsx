import type { ReactNode } from "react";
import { Failure, Waiting } from "../pieces/States";
import type { Topic } from "../push/protocol";
import { useLink, useWatch } from "../push/useWatch";
import type { Watched } from "../push/watched";
import css from "./Panel.module.css";

interface Props {
  topic: Topic;
  height: number;
  /** Above what stands where the answer would say its title itself. */
  title?: string | undefined;
  empty?: ReactNode;
  /** What keeps its place until something comes. */
  waiting?: ReactNode;
  children: (held: Watched) => ReactNode;
}

/** The states of a panel that watches something: waiting, refused, empty, and what came. */
export function Answered({ topic, height, title, empty, waiting, children }: Props) {
  const watch = useWatch(topic);
  const { state } = useLink();
  const fault = watch.refusal ?? watch.held.fault;
  const titled = title && <h2 className={css.titled}>{title}</h2>;
  if (watch.refusal || (fault && watch.waiting)) {
    return (
      <>
        {titled}
        <Failure error={{ ...fault, title: fault?.title ?? "The question could not be answered" }} />
      </>
    );
  }
  if (watch.waiting) {
    if (waiting) return waiting;
    const label = state === "live" ? "Loading" : "Waiting for the server";
    return <Waiting height={height} label={label} />;
  }
  if (watch.held.rows.length === 0) {
    return (
      <>
        {titled}
        <div className={css.empty}>{empty ?? "No rows in this range yet."}</div>
      </>
    );
  }
  return (
    <>
      {fault && (
        <p className={css.fault} role="alert">
          Not refreshed: {fault.detail ?? fault.title ?? fault.code}
        </p>
      )}
      {children(watch.held)}
    </>
  );
}
