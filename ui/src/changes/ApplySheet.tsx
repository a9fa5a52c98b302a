import type { Difference } from "../api/changes";
import { Button } from "../pieces/Button";
import { Confirm } from "../pieces/Confirm";
import { SameAs } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./Changes.module.css";
import { changedOf, lossesOf, rereadOf } from "./words";

interface Props {
  difference: Difference;
  onAct: () => void;
  onClose: () => void;
}

const COMMAND = shell("penstock", "apply", "DIR");

/** Before it is applied: what is gone then, in numbers; where nothing is, no word has to be typed. */
export function ApplySheet({ difference, onAct, onClose }: Props) {
  const changed = changedOf(difference);
  const losses = lossesOf(difference);
  const names = changed.map((one) => one.name);
  const reread = rereadOf(difference);
  const one = names.length === 1;
  const goesOver =
    names.length === 0
      ? "No pipeline changes by it: the files are taken as they are."
      : `${names.join(", ")} ${one ? "halts for a moment and goes over" : "halt for a moment and go over together"}.`;
  const what = (
    <>
      <p className={css.more}>
        {goesOver}
        {reread > 0 && ` Before that ${plural(reread, "record")} are read again, while all go on.`}
      </p>
      <p className={css.more}>
        Savepoints keep what was. Where a new pipeline does not start, or fails at its next rows, all is put back by
        itself.
      </p>
    </>
  );
  if (losses.length > 0) {
    return (
      <Confirm
        title="Apply the SQL files"
        name={one ? (names[0] ?? "") : "apply"}
        act="Apply it"
        command={COMMAND}
        loss={
          <>
            <p>
              <b>This is gone then:</b>
            </p>
            <ul className={css.losses} aria-label="What is lost">
              {losses.map((loss) => (
                <li key={loss}>{loss}</li>
              ))}
            </ul>
            {what}
          </>
        }
        running={false}
        error={null}
        onAct={onAct}
        onClose={onClose}
      />
    );
  }
  return (
    <Sheet
      title="Apply the SQL files"
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep everything as it is</Button>
          <Button look="main" onClick={onAct}>
            Apply it
          </Button>
        </>
      }
    >
      <p>Nothing is lost: all state is kept, made again, or begins.</p>
      {what}
      <SameAs command={COMMAND} />
    </Sheet>
  );
}
