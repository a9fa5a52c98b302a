import type { Schemas } from "../api/client";
import { Facts } from "../pieces/Facts";
import { Moment } from "../pieces/Moment";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { pretty } from "./pretty";

/** One record in full. */
export function RecordSheet({ record, onClose }: { record: Schemas["Record"]; onClose: () => void }) {
  const value = record.value === null ? "null, a tombstone" : pretty(record.value);
  return (
    <Sheet title={`Partition ${record.partition}, offset ${record.offset}`} open onClose={onClose}>
      <Facts>
        <dt>Time</dt>
        <dd>
          <Moment ms={record.timestamp} />
        </dd>
        <dt>Key</dt>
        <dd>
          <code>{record.key ?? "null"}</code>
        </dd>
        {Object.entries(record.headers).map(([name, text]) => (
          <Header key={name} name={name} text={text} />
        ))}
      </Facts>
      <Quoted text={value} copied={record.value ?? ""} label="Copy the value" json={/^\s*[{[]/.test(value)} />
    </Sheet>
  );
}

function Header({ name, text }: { name: string; text: string | null }) {
  return (
    <>
      <dt>Header {name}</dt>
      <dd>
        <code>{text ?? "null"}</code>
      </dd>
    </>
  );
}
