import { useId, useState } from "react";
import { useMay } from "../api/login";
import { type RowState, useDiscard, useFix, useReplay } from "../api/quality";
import { Button } from "../pieces/Button";
import type { TableRow } from "../pieces/column";
import { Facts } from "../pieces/Facts";
import { Form, SameAs, TextField } from "../pieces/Form";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { GiveUp } from "../rejects/GiveUp";
import { shell } from "../text/shell";
import { pretty } from "../text/pretty";
import css from "./Quality.module.css";
import { Again } from "./Again";
import { fieldsOf, mended } from "./values";

/** A row that a rule has set aside: why, its columns to be mended, and bringing it in again. */
export function RowSheet({ row, onClose }: { row: TableRow; onClose: () => void }) {
  const [id, text] = [String(row.id), String(row.row)];
  const state = row.state as RowState;
  const fields = fieldsOf(text);
  const [given, setGiven] = useState<Record<string, string>>({});
  const fix = useFix();
  const replay = useReplay();
  const discard = useDiscard([id]);
  const [givesUp, setGivesUp] = useState(false);
  const form = useId();
  const may = useMay("operate") && (state === "open" || state === "fixed");
  const values = mended(text, given);
  const changed = Object.keys(values).length > 0;
  const busy = fix.isPending || replay.isPending;
  const error = fix.error ?? replay.error;
  if (givesUp) {
    const back = () => setGivesUp(false);
    return <GiveUp many={1} command={["quality", "discard", "DIR", id]} discard={discard} onClose={back} />;
  }
  return (
    <Sheet
      title={`Row ${id}`}
      open
      onClose={onClose}
      footer={
        may && (
          <>
            <Button look="danger" disabled={busy} onClick={() => setGivesUp(true)}>
              Discard…
            </Button>
            <Button disabled={changed || busy} onClick={() => replay.mutate([id])}>
              {state === "fixed" ? "Replay it" : "Replay it as it is"}
            </Button>
            <Button look="main" type="submit" form={form} disabled={!changed || busy}>
              Fix it
            </Button>
          </>
        )
      }
    >
      <div className={css.parts}>
        <Facts>
          <dt>Rule</dt>
          <dd>{String(row.rule)}</dd>
          <dt>Why</dt>
          <dd>{String(row.reason)}</dd>
          <dt>Now</dt>
          <dd role="status">{state}</dd>
          {state === "discarded" && (
            <>
              <dt>Given up</dt>
              <dd>
                by {String(row.discarded_by)}: {String(row.discarded_reason)}
              </dd>
            </>
          )}
          <dt>Table</dt>
          <dd>{String(row.table)}</dd>
        </Facts>
        {may && fields ? (
          <Form
            id={form}
            onSubmit={() => changed && !busy && fix.mutate({ ids: [id], values }, { onSuccess: () => setGiven({}) })}
          >
            {Object.entries(fields).map(([name, value]) => (
              <TextField
                key={name}
                label={name}
                value={given[name] ?? value}
                onChange={(next) => setGiven({ ...given, [name]: next })}
              />
            ))}
          </Form>
        ) : (
          <Quoted text={pretty(text)} copied={text} label="Copy the row" />
        )}
        {error && <Failure error={error} />}
        {replay.data && <Again done={replay.data} />}
        {may && (
          <SameAs
            command={
              changed
                ? shell(...["penstock", "quality", "fix", "DIR", id], ...Object.entries(values).flatMap(setWords))
                : shell("penstock", "quality", "replay", "DIR", id)
            }
          />
        )}
      </div>
    </Sheet>
  );
}

const setWords = ([name, value]: [string, unknown]): string[] => [
  "--set",
  `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
];
