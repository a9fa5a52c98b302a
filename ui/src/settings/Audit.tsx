import { useState } from "react";
import { type Change, useAudit } from "../api/accounts";
import { useFilters } from "../frame/useFilters";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Moment } from "../pieces/Moment";
import { Quoted } from "../pieces/Quoted";
import { Sheet } from "../pieces/Sheet";
import { Empty, Failure, Waiting } from "../pieces/States";
import { Typed } from "../pieces/Typed";
import css from "./Settings.module.css";

const COLUMNS: TableColumn[] = [
  { name: "time", label: "When", unit: "moment" },
  { name: "by", label: "Who", type: "STRING" },
  { name: "act", label: "Did", type: "STRING" },
  { name: "on", label: "To what", type: "STRING" },
  { name: "way", label: "Came in by", type: "STRING", width: 110 },
  { name: "address", label: "From", type: "STRING", width: 140 },
  { name: "offset", label: "Offset", type: "BIGINT", hidden: true },
];

/** Who has changed what, the newest first. What is searched for stands in the address. */
export function Audit() {
  const [filters, setFilters] = useFilters();
  const { by, act, on } = filters;
  const found = useAudit({ by, act, on });
  const [opened, setOpened] = useState<Change>();
  const changes = found.data?.pages.flatMap((page) => page.changes) ?? [];
  const field = (name: "by" | "act" | "on", label: string) => (
    <Typed label={label} value={filters[name] ?? ""} onChange={(text) => setFilters({ [name]: text || undefined })} />
  );
  return (
    <Section title="Audit log" headless>
      {found.isPending && <Waiting height={320} />}
      {found.error && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <DataTable
          label="Audit log"
          title="Audit log"
          columns={COLUMNS}
          rows={changes.map(({ time, by: who, act: did, on: what, way, address, offset }) => ({
            ...{ time, by: who, act: did, on: what, way, address, offset },
          }))}
          height={Math.min(640, 36 + Math.max(4, changes.length) * 32)}
          onOpen={(row) => setOpened(changes.find((one) => one.offset === row.offset))}
          empty={
            <Empty title="Nothing like that">
              Each change of users, topics, files and what runs is written down before it is answered.
            </Empty>
          }
        >
          {field("by", "Who")}
          {field("act", "Did")}
          {field("on", "To what")}
          <Button look="plain" onClick={() => void found.refetch()}>
            Refresh
          </Button>
          {found.hasNextPage && (
            <Button look="plain" onClick={() => void found.fetchNextPage()} disabled={found.isFetchingNextPage}>
              Load more
            </Button>
          )}
        </DataTable>
      )}
      {opened && <ChangeSheet change={opened} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}

function ChangeSheet({ change, onClose }: { change: Change; onClose: () => void }) {
  const told: [string, unknown][] = [
    ["Before", change.before],
    ["After", change.after],
    ["What else tells it", Object.keys(change.more).length > 0 ? change.more : undefined],
  ];
  return (
    <Sheet title={`${change.act} ${change.on}`} open onClose={onClose}>
      <div className={css.parts}>
        <Facts>
          <dt>When</dt>
          <dd>
            <Moment ms={change.time} />
          </dd>
          <dt>Who</dt>
          <dd>{change.by}</dd>
          <dt>Came in by</dt>
          <dd>
            {change.way}
            {change.token && `, token ${change.token}`}
          </dd>
          {change.address && <dt>From</dt>}
          {change.address && <dd>{change.address}</dd>}
        </Facts>
        {told.map(
          ([label, value]) =>
            value != null && (
              <section key={label} className={css.part}>
                <h2>{label}</h2>
                <Quoted text={typeof value === "string" ? value : JSON.stringify(value, undefined, 2)} />
              </section>
            ),
        )}
      </div>
    </Sheet>
  );
}
