import { type ReactNode, useId } from "react";
import { Button } from "./Button";
import { Form, SameAs } from "./Form";
import { Sheet } from "./Sheet";
import { Failure } from "./States";

interface Props {
  title: string;
  /** What its button says, and how it looks. */
  act: string;
  look?: "main" | "danger";
  /** Whether what is written can be sent now. */
  may: boolean;
  onSubmit: () => void;
  onClose: () => void;
  /** What comes of it, above the fields. */
  before?: ReactNode;
  /** The fields. */
  children: ReactNode;
  /** What would be lost, or may not be known. */
  below?: ReactNode;
  error: unknown;
  /** The command that does the same. */
  command: string;
}

/** A form beside a view, sent by Enter or by the button at its foot. */
export function FormSheet({ title, act, look = "main", may, onSubmit, onClose, error, command, ...parts }: Props) {
  const form = useId();
  return (
    <Sheet
      title={title}
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look={look} type="submit" form={form} disabled={!may}>
            {act}
          </Button>
        </>
      }
    >
      {parts.before}
      <Form id={form} onSubmit={() => may && onSubmit()}>
        {parts.children}
      </Form>
      {parts.below}
      {error != null && <Failure error={error} />}
      <SameAs command={command} />
    </Sheet>
  );
}
