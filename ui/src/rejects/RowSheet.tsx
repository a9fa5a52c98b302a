import { useState } from "react";
import type { Fate } from "../api/asked";
import { useMay } from "../api/login";
import { Button } from "../pieces/Button";
import { Command } from "../pieces/Command";
import { shown, type TableColumn, type TableRow } from "../pieces/column";
import { Facts } from "../pieces/Facts";
import { AreaField, Form } from "../pieces/Form";
import { Go } from "../pieces/Go";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { isHex } from "../text/hex";
import { pretty } from "../text/pretty";
import { Discard, Replay } from "./Acts";
import { base64Of, inField, mendedAs } from "./bytes";
import { sentenceOf, stateOf } from "./fate";
import css from "./Rejects.module.css";

const APART = /^(raw|row|fate|copy_of|original.*|replayed.*|discarded.*|ignored)$/;

interface Props {
  row: TableRow;
  kind: Fate;
  columns: readonly TableColumn[];
  /** Its copy is among the rows too. */
  again: boolean;
  onClose: () => void;
}

/** One row in full: where it is from, why it is here, what has become of it; its bytes, to be mended. */
export function RowSheet({ row, kind, columns, again, onClose }: Props) {
  const raw = typeof row.raw === "string" ? row.raw : undefined;
  const [text, setText] = useState(inField(raw ?? ""));
  const [act, setAct] = useState<"replay" | "discard" | undefined>();
  const may = useMay("operate");
  const state = stateOf(row);
  const id = Number(row.id);
  const mended = raw !== undefined && text !== inField(raw);
  const chosen = { kind, ids: [id], values: mended ? { [String(id)]: base64Of(mendedAs(raw, text)) } : {} };
  if (act === "replay") return <Replay chosen={chosen} replayed={state === "replayed"} onClose={onClose} />;
  if (act === "discard") return <Discard chosen={chosen} onClose={onClose} />;
  const open = state === "waits" || state === "replayed";
  const acts = may && open && raw !== undefined && (
    <>
      {state === "waits" && (
        <Button look="danger" onClick={() => setAct("discard")}>
          Discard…
        </Button>
      )}
      <Button look={state === "waits" || mended ? "main" : "framed"} onClick={() => setAct("replay")}>
        {mended ? "Replay mended\u2026" : state === "replayed" ? "Replay again\u2026" : "Replay as it is\u2026"}
      </Button>
    </>
  );
  return (
    <Sheet title={String(row.code ?? "Late row")} open onClose={onClose} footer={acts}>
      <Facts>
        <dt>Now</dt>
        <dd>
          {sentenceOf(row, again)} {state === "replayed" && <Copy row={row} />}
        </dd>
        {columns
          .filter(({ name }) => !APART.test(name) && row[name] != null)
          .map((column) => (
            <Fact key={column.name} label={column.label} value={shown(column, row[column.name] ?? null)} />
          ))}
      </Facts>
      {raw !== undefined && may && open ? (
        <div className={css.bytes}>
          <Form>
            <AreaField
              label="Its bytes"
              value={text}
              onChange={setText}
              note={noteOn(text, mended)}
              rows={Math.min(14, Math.max(4, Math.ceil(text.length / 60)))}
            />
          </Form>
        </div>
      ) : (
        typeof (raw ?? row.row) === "string" && (
          <Quoted text={pretty(String(raw ?? row.row))} copied={String(raw ?? row.row)} label="Copy the bytes" />
        )
      )}
      <Origin row={row} />
      <Command text={`penstock rejects show DIR ${row.id}${kind === "late" ? " --late" : ""}`} />
    </Sheet>
  );
}

function noteOn(text: string, mended: boolean): string {
  const what = isHex(text) ? "Bytes in hexadecimal digits" : "Text";
  return mended ? `${what}, mended; the original stays as it is.` : `${what}, as it came in.`;
}

const placed = (topic: string, partition: unknown, offset: unknown) =>
  `/topics/${encodeURIComponent(topic)}?${new URLSearchParams({ partition: String(partition), from: String(offset) })}`;

function Origin({ row: { topic, partition, offset } }: { row: TableRow }) {
  if (typeof topic !== "string") return null;
  return (
    <p className={css.origin}>
      <Go href={placed(topic, partition, offset)}>Its record in {topic}</Go>
    </p>
  );
}

function Copy({ row: { topic, replayed_partition, replayed_offset } }: { row: TableRow }) {
  return <Go href={placed(String(topic), replayed_partition, replayed_offset)}>The copy</Go>;
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
