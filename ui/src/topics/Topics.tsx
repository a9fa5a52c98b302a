import { navigate } from "wouter/use-browser-location";
import { useTopics } from "../api/asked";
import { Section, View } from "../frame/View";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";

const href = (row: TableRow) => `/topics/${encodeURIComponent(String(row.name))}`;

const COLUMNS: TableColumn[] = [
  { name: "name", label: "Topic", type: "STRING", href },
  { name: "partitions", label: "Partitions", type: "INT" },
  { name: "rows", label: "Records", type: "BIGINT" },
  { name: "bytes", label: "Size", type: "BIGINT", unit: "bytes" },
  { name: "first_timestamp", label: "Oldest", unit: "moment" },
  { name: "last_timestamp", label: "Newest", unit: "moment" },
];

/** The topics of the project's log. */
export function Topics() {
  const { data, error, refetch, isPending } = useTopics();
  return (
    <View title="Topics" note="What is in the log, by partitions and offsets.">
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
            rows={data as unknown as TableRow[]}
            height={Math.min(720, 36 + data.length * 32)}
            onOpen={(row) => navigate(href(row))}
          />
        </Section>
      )}
    </View>
  );
}
