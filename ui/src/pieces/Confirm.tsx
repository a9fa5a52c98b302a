import { type ReactNode, useId, useState } from "react";
import { Button } from "./Button";
import css from "./Confirm.module.css";
import { Form, SameAs, TextField } from "./Form";
import { Sheet } from "./Sheet";
import { Failure } from "./States";

interface Props {
  title: string;
  /** What has to be typed before it is done. */
  name: string;
  /** What the button says. */
  act: string;
  command: string;
  /** Undefined until it is known: then nothing can be done yet. */
  loss: ReactNode | undefined;
  /** Fields before the name. */
  children?: ReactNode;
  ready?: boolean;
  running: boolean;
  error: unknown;
  onAct: () => void;
  onClose: () => void;
}

/** What would be lost, in numbers. */
export function Losing({ children }: { children: ReactNode }) {
  return <div className={css.loss}>{children}</div>;
}

/** An act that loses something: it says what, and is done when the name is typed. */
export function Confirm({ title, name, act, command, loss, children, ready = true, running, error, ...on }: Props) {
  const [typed, setTyped] = useState("");
  const form = useId();
  const may = typed === name && loss !== undefined && ready && !running;
  return (
    <Sheet
      title={title}
      open
      onClose={on.onClose}
      footer={
        <>
          <Button onClick={on.onClose}>Keep everything as it is</Button>
          <Button look="danger" type="submit" form={form} disabled={!may}>
            {act}
          </Button>
        </>
      }
    >
      <Losing>{loss ?? "Counting what would be lost\u2026"}</Losing>
      <Form id={form} onSubmit={() => may && on.onAct()}>
        {children}
        <TextField label={`Type ${name} to do it`} value={typed} onChange={setTyped} whole />
      </Form>
      {error != null && <Failure error={error} />}
      <SameAs command={command} />
    </Sheet>
  );
}
