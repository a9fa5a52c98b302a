import { useId, useState } from "react";
import { useAct } from "../api/acts";
import { type Chosen, useClosedWindows } from "../api/asked";
import { api, body, type Schemas } from "../api/client";
import { Button } from "../pieces/Button";
import { Form, SameAs, Tick } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { parseMoment, moment } from "../text/time";
import { number, plural } from "../text/number";
import { shell } from "../text/shell";
import { GiveUp } from "./GiveUp";
import css from "./Rejects.module.css";

const TOUCHED = ["rejects", "topics"];
const MOST_IDS = 5;

interface Props {
  chosen: Chosen;
  onClose: () => void;
}

/** Appends rows to their topics again, after saying what they will find there. */
export function Replay({ chosen, onClose, replayed = false }: Props & { replayed?: boolean }) {
  const [force, setForce] = useState(false);
  const form = useId();
  const closed = useClosedWindows(chosen);
  const replay = useAct(() => body(api.POST("/api/rejects/replay", { body: { ...chosen, force } })), TOUCHED);
  const many = chosen.ids.length;
  const mended = Object.keys(chosen.values).length;
  const may = !replay.isPending && !replay.data && !closed.isPending && (force || !replayed);
  return (
    <Sheet
      title={`Replay ${plural(many, "row")}`}
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{replay.data ? "Close" : "Cancel"}</Button>
          <Button look="main" type="submit" form={form} disabled={!may}>
            Replay
          </Button>
        </>
      }
    >
      <Form id={form} onSubmit={() => may && replay.mutate(undefined)}>
        <p className={css.does}>
          {many === 1 ? "The row is" : `${number(many)} rows are`} appended to{" "}
          {many === 1 ? "its topic" : "their topics"} again{mended > 0 ? ", mended" : ", as they were"}. Each copy is
          tied to its original: one event counts once.
        </p>
        {replayed && (
          <Tick
            label="Again, though it was replayed before: it then counts twice"
            whole
            checked={force}
            onChange={setForce}
          />
        )}
      </Form>
      {closed.data && <Closed windows={closed.data} />}
      {closed.error && <Failure error={closed.error} />}
      {replay.data && <Copies copies={replay.data} />}
      {replay.error && <Failure error={replay.error} />}
      {mended === 0 && (
        <SameAs
          command={shell("penstock", "rejects", "replay", "DIR", ...words(chosen), force ? "--force" : undefined)}
        />
      )}
    </Sheet>
  );
}

/** Rows would be late again in windows that have closed. */
function Closed({ windows }: { windows: Schemas["ClosedAnswer"][] }) {
  if (windows.length === 0) return null;
  const rows = new Set(windows.map((one) => one.row)).size;
  const first = windows.slice(0, 4);
  return (
    <div className={css.closed}>
      <p>
        <strong>{plural(windows.length, "window")} had closed</strong> to {plural(rows, "row")}: there{" "}
        {rows === 1 ? "it is" : "they are"} late again. With the engine stopped,{" "}
        <code>penstock rejects replay --rebuild</code> computes them anew.
      </p>
      <ul>
        {first.map((one) => (
          <li key={`${one.row} ${one.pipeline} ${one.operator} ${one.window_start}`}>
            {one.pipeline}, {one.operator}: {span(one)}
          </li>
        ))}
        {windows.length > first.length && <li>and {number(windows.length - first.length)} more</li>}
      </ul>
    </div>
  );
}

function span({ window_start, window_end }: Schemas["ClosedAnswer"]): string {
  return window_start && window_end ? `${when(window_start)} to ${when(window_end)}` : "its time has passed";
}

function when(text: string): string {
  const ms = parseMoment(text);
  return ms === undefined ? text : moment(ms);
}

function Copies({ copies }: { copies: Schemas["CopyAnswer"][] }) {
  const [first] = copies;
  return (
    <p className={css.done} role="status">
      {copies.length === 1 && first?.partition != null
        ? `Appended to ${first.topic}, partition ${first.partition}, offset ${number(first.offset ?? 0)}.`
        : `${plural(copies.length, "row")} ${copies.length === 1 ? "was" : "were"} replayed.`}
    </p>
  );
}

/** Gives rows up, with a reason. */
export function Discard({ chosen, onClose }: Props) {
  const { kind, ids } = chosen;
  const discard = useAct(
    (reason: string) => body(api.POST("/api/rejects/discard", { body: { kind, ids, reason } })),
    TOUCHED,
  );
  return (
    <GiveUp many={ids.length} command={["rejects", "discard", "DIR", ...words(chosen)]} {...{ discard, onClose }} />
  );
}

/** Which rows, as the command line takes it; many are named by the first of them. */
function words({ kind, ids }: Chosen): string[] {
  const named = ids.slice(0, MOST_IDS).flatMap((id) => ["--id", String(id)]);
  return [...(kind === "late" ? ["--late"] : []), ...named, ...(ids.length > MOST_IDS ? ["..."] : [])];
}
