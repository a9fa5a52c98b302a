import { useState } from "react";
import { useGroup } from "../api/asked";
import { useMay } from "../api/login";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Go } from "../pieces/Go";
import { Moment } from "../pieces/Moment";
import { Sheet } from "../pieces/Sheet";
import { Failure, Waiting } from "../pieces/States";
import { pipelineHref, pipelineTitle } from "../pipelines/whose";
import { plural } from "../text/number";
import { ForgetGroup } from "./ForgetGroup";
import { ResetGroup } from "./ResetGroup";

const COLUMNS: TableColumn[] = [
  { name: "topic", label: "Topic", type: "STRING", href: (row) => `/topics/${encodeURIComponent(String(row.topic))}` },
  { name: "partition", label: "Partition", type: "INT" },
  { name: "offset", label: "Next offset", type: "BIGINT" },
  { name: "end", label: "End", type: "BIGINT" },
  { name: "lag", label: "Lag", type: "BIGINT" },
];

/** One consumer group: where it is in each partition; moving it, and forgetting it. */
export function GroupSheet({ name, onClose }: { name: string; onClose: () => void }) {
  const { data, error, refetch } = useGroup(name);
  const may = useMay("operate");
  const [act, setAct] = useState<"reset" | "forget" | undefined>();
  if (data && act === "reset") return <ResetGroup group={data} onClose={() => setAct(undefined)} />;
  if (data && act === "forget") return <ForgetGroup group={data} onGone={onClose} onClose={() => setAct(undefined)} />;
  const acts = may && data && (
    <>
      <Button look="danger" onClick={() => setAct("forget")}>
        Forget it
      </Button>
      <Button look="main" onClick={() => setAct("reset")}>
        Move it
      </Button>
    </>
  );
  return (
    <Sheet title={`Consumer group ${name}`} open onClose={onClose} footer={acts}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting height={160} />}
      {data && (
        <>
          <Facts>
            <dt>Behind</dt>
            <dd>{plural(data.lag, "record")}</dd>
            <dt>Said so</dt>
            <dd>
              <Moment ms={data.committed_ms} />
            </dd>
            {data.pipelines.length > 0 && <dt>Read as by</dt>}
            {data.pipelines.length > 0 && (
              <dd>
                {data.pipelines.map((one) => (
                  <Go key={one} href={pipelineHref(one)}>
                    {pipelineTitle(one)}{" "}
                  </Go>
                ))}
              </dd>
            )}
          </Facts>
          <DataTable label={`Places of ${name}`} columns={COLUMNS} rows={data.partitions as unknown as TableRow[]} />
        </>
      )}
    </Sheet>
  );
}
