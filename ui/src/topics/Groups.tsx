import { useGroups } from "../api/asked";
import { Section } from "../frame/View";
import type { TableColumn, TableRow } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";

const COLUMNS: TableColumn[] = [
  { name: "group", label: "Group", type: "STRING", href: (row) => groupHref(String(row.group)) },
  { name: "lag", label: "Lag", type: "BIGINT" },
  { name: "topics", label: "Reads", type: "STRING" },
  { name: "pipelines", label: "Pipelines", type: "STRING" },
  { name: "committed_ms", label: "Last said how far it is", unit: "moment" },
];

export const groupHref = (group: string) => `/topics?${new URLSearchParams({ group })}`;

/** The consumer groups, and how far each is behind. */
export function Groups({ onOpen }: { onOpen: (group: string) => void }) {
  const { data, error, refetch, isPending } = useGroups();
  const rows = data?.map((one): TableRow => ({
    ...one,
    topics: one.topics.join(", "),
    pipelines: one.pipelines.join(", "),
  }));
  return (
    <Section title="Consumer groups" headless>
      {isPending && <Waiting height={120} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {rows && (
        <DataTable
          label="Consumer groups"
          title="Consumer groups"
          columns={COLUMNS}
          rows={rows}
          onOpen={(row) => onOpen(String(row.group))}
          empty={
            <Empty title="No group has read anything">
              A pipeline reads as the group that its table names (properties.group.id); programs commit their offsets
              over the API.
            </Empty>
          }
        />
      )}
    </Section>
  );
}
