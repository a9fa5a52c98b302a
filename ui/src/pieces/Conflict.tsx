import { useEffect, useRef } from "react";
import { Button } from "./Button";
import css from "./Conflict.module.css";
import { Difference } from "./Difference";

interface Props {
  /** From what is in the file to what would be saved, line by line. */
  difference: string;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
}

/** The file was changed by somebody else since it was read: what differs, and whose is kept. */
export function Conflict({ difference, onKeepMine, onTakeTheirs }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: "center" }); // newer browsers answer with a promise, which is no clean-up
  }, []);
  return (
    <div ref={box} className={css.conflict} role="alert">
      <strong>The file has been changed since you began</strong>
      <p>Nothing is saved. This is what differs between the file and your changes:</p>
      <Difference text={difference} />
      <div>
        <Button onClick={onTakeTheirs}>Take what the file has</Button>
        <Button look="danger" onClick={onKeepMine}>
          Write mine over it
        </Button>
      </div>
    </div>
  );
}
