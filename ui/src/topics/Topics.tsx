import { Plus } from "lucide-react";
import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { useTopics } from "../api/asked";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { bytes, duration } from "../text/number";
import { GroupSheet } from "./GroupSheet";
import { Groups } from "./Groups";
import { NewTopic } from "./NewTopic";

const MANY = 10_000;
const href = (row: TableRow) => `/topics/${encodeURIComponent(String(row.name))}`;

const COLUMNS: TableColumn[] = [
  { name: "name", label: "Topic", type: "STRING", href },
  { name: "partitions", label: "Partitions", type: "INT" },
  { name: "rows", label: "Records", type: "BIGINT" },
  { name: "bytes", label: "Size", type: "BIGINT", unit: "bytes" },
  { name: "rows_per_second", label: "Records/s", type: "DOUBLE", decimals: 0 },
  {
    name: "lag",
    label: "Lag",
    type: "BIGINT",
    none: "unread",
    tone: (value) => (typeof value === "number" && value > MANY ? "attention" : undefined),
  },
  { name: "kept", label: "Kept", type: "STRING" },
  { name: "last_timestamp", label: "Newest", unit: "moment", none: "" },
  { name: "first_timestamp", label: "Oldest", unit: "moment", none: "", hidden: true },
];

/** The topics of the project's log, and the consumer groups that read them. */
export function Topics() {
  const { data, error, refetch, isPending } = useTopics();
  const may = useMay("operate");
  const [making, setMaking] = useState(false);
  const [filters, setFilters] = useFilters();
  const rows = data?.map((one) => ({ ...one, kept: keptOf(one) })) ?? [];
  return (
    <View
      title="Topics"
      note="What is in the log, how fast it comes, who reads it, and for how long it is kept."
      tools={
        may && (
          <Button look="main" onClick={() => setMaking(true)}>
            <Plus size={14} aria-hidden="true" /> New topic
          </Button>
        )
      }
    >
      {isPending && <Waiting height={240} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && data.length === 0 && (
        <Empty title="No topic yet" command="penstock topic create DIR clicks --partitions 4">
          A topic is made by the first table that stands on it, or by hand.
        </Empty>
      )}
      {data && data.length > 0 && (
        <Section title="All topics" headless>
          <DataTable
            label="Topics"
            title="All topics"
            columns={COLUMNS}
            rows={rows as unknown as TableRow[]}
            height={Math.min(720, 36 + data.length * 32)}
            onOpen={(row) => navigate(href(row))}
          />
        </Section>
      )}
      <Groups onOpen={(group) => setFilters({ group })} />
      {making && <NewTopic taken={rows.map(({ name }) => name)} onClose={() => setMaking(false)} />}
      {filters.group && <GroupSheet name={filters.group} onClose={() => setFilters({ group: undefined })} />}
    </View>
  );
}

interface Kept {
  compacts: boolean;
  retention_ms: number | null;
  retention_bytes: number | null;
}

/** For how long and how much of it is kept, in words. */
export function keptOf({ compacts, retention_ms, retention_bytes }: Kept): string {
  const limits = [
    compacts ? "the last of each key" : undefined,
    retention_ms === null ? undefined : duration(retention_ms),
    retention_bytes === null ? undefined : `${bytes(retention_bytes)} a partition`,
  ].filter((one) => one !== undefined);
  return limits.join(", ") || "without end";
}
