import type { Schemas } from "../api/client";
import { Facts } from "../pieces/Facts";
import { Moment } from "../pieces/Moment";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { digits } from "../text/hex";
import { pretty } from "../text/pretty";

/** One record in full. */
export function RecordSheet({ record, onClose }: { record: Schemas["Record"]; onClose: () => void }) {
  const value =
    record.value === null ? "null, a tombstone" : record.decoded ? digits(record.value) : pretty(record.value);
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
        {record.decoded && <dt>Avro</dt>}
        {record.decoded && (
          <dd>{record.decoded.schema_id === null ? "by the table's schema" : `schema ${record.decoded.schema_id}`}</dd>
        )}
        {Object.entries(record.headers).map(([name, text]) => (
          <Header key={name} name={name} text={text} />
        ))}
      </Facts>
      {record.decoded?.text != null && (
        <Quoted text={pretty(record.decoded.text)} copied={record.decoded.text} label="Copy the Avro as JSON" json />
      )}
      {record.decoded?.error != null && (
        <Failure error={{ title: "It cannot be read as Avro", detail: record.decoded.error }} />
      )}
      {record.decoded && <p>Its bytes:</p>}
      <Quoted
        text={value}
        copied={record.decoded ? value : (record.value ?? "")}
        label="Copy the value"
        json={/^\s*[{[]/.test(value)}
      />
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
