import { useTables } from "../api/asked";
import type { Schemas } from "../api/client";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { DataTable } from "../pieces/DataTable";
import { Moment } from "../pieces/Moment";
import { Sheet } from "../pieces/Sheet";
import { Failure, Waiting } from "../pieces/States";
import { useWatch } from "../push/useWatch";
import { named } from "../push/watched";
import { bytes, number } from "../text/number";
import type { Operator } from "./Graph";
import css from "./PipelineView.module.css";
import { Reasons } from "./Reasons";

interface Props {
  pipeline: string;
  operator: Operator;
  reasons: readonly Schemas["ReasonAnswer"][];
  onClose: () => void;
}

const WINDOWS = 200;

/** One operator: what it does, what became of its rows, its state, and the windows that it holds open. */
export function OperatorSheet({ pipeline, operator, reasons, onClose }: Props) {
  const { data: tables = [] } = useTables();
  const windows = operator.kind.includes("window") || operator.kind.includes("session");
  const written = tables.filter((one) => one.windowed && one.written_by.includes(pipeline));
  return (
    <Sheet title={operator.name} open onClose={onClose}>
      <Facts>
        <dt>What it does</dt>
        <dd>
          {operator.details.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </dd>
        <dt>Rows</dt>
        <dd>
          {number(operator.taken)} taken, {number(operator.given)} given
        </dd>
        {Object.entries(operator.fates).map(([fate, count]) => (
          <Fate key={fate} fate={fate} count={count} pipeline={pipeline} />
        ))}
        <dt>State</dt>
        <dd>{operator.state_bytes === null ? "on disk" : bytes(operator.state_bytes)}</dd>
        <dt>Watermark</dt>
        <dd>{operator.watermark == null ? "none yet" : <Moment ms={operator.watermark} />}</dd>
        {operator.lag != null && <dt>Lag</dt>}
        {operator.lag != null && <dd>{number(operator.lag)} records</dd>}
      </Facts>
      {reasons.length > 0 && (
        <section className={css.part}>
          <h2>What it waits for</h2>
          <Reasons reasons={reasons} />
        </section>
      )}
      {windows &&
        written.map(({ name }) => (
          <section key={name} className={css.part}>
            <h2>Open windows of {name}</h2>
            <OpenWindows table={name} />
          </section>
        ))}
    </Sheet>
  );
}

function Fate({ fate, count, pipeline }: { fate: string; count: number; pipeline: string }) {
  const set = fate === "late" || fate === "rejected";
  const href = `/rejects?${new URLSearchParams({ ...(fate === "late" ? { show: "late" } : {}), pipeline })}`;
  return (
    <>
      <dt>{`${fate.charAt(0).toUpperCase()}${fate.slice(1)}`}</dt>
      <dd>{set ? <Go href={href}>{number(count)}</Go> : number(count)}</dd>
    </>
  );
}

/** Windows that are not closed, with their values so far. */
function OpenWindows({ table }: { table: string }) {
  const { held, waiting, refusal } = useWatch({ open: table, limit: WINDOWS });
  if (refusal) return <Failure error={{ title: "The open windows cannot be watched", ...refusal }} />;
  if (waiting) return <Waiting height={120} />;
  return (
    <DataTable
      label={`Open windows of ${table}`}
      columns={held.columns.map(({ name, type }) => ({ name, label: name, type }))}
      rows={named(held)}
      isProvisional={() => true}
      empty="No window is open."
    />
  );
}
