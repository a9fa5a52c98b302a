import { useState } from "react";
import { type User, useUsers } from "../api/accounts";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { NewUser } from "./NewUser";
import { filterText, tableOf } from "./filters";
import { UserSheet } from "./UserSheet";

const COLUMNS: TableColumn[] = [
  { name: "name", label: "User", type: "STRING" },
  { name: "role", label: "Role", type: "STRING", width: 110 },
  { name: "password", label: "Comes in with", type: "STRING", width: 150 },
  { name: "sees", label: "Sees of tables", type: "STRING", width: 420 },
  { name: "since", label: "Since", unit: "moment" },
];

/** Who may do what, and see which rows. */
export function Users() {
  const { data, error, isPending, refetch } = useUsers();
  const [opened, setOpened] = useState<string>();
  const [adding, setAdding] = useState(false);
  const user = data?.find((one) => one.name === opened);
  return (
    <Section title="Users" headless>
      {isPending && <Waiting height={200} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <DataTable
          label="Users"
          title="Users"
          columns={COLUMNS}
          rows={data.map(rowOf)}
          onOpen={(row) => setOpened(String(row.name))}
          empty={
            <Empty title="No user yet">
              On this machine nobody logs in. Users are needed as soon as the page is reached from others: with --host,
              or [server] host in penstock.toml.
            </Empty>
          }
        >
          <Button onClick={() => setAdding(true)}>Add a user</Button>
        </DataTable>
      )}
      {adding && <NewUser onClose={() => setAdding(false)} />}
      {user && <UserSheet key={user.name} user={user} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}

const rowOf = ({ name, role, password, since, filters }: User) => ({
  name,
  role,
  since,
  password: password ? "password, tokens" : "tokens alone",
  sees: filters.map((one) => `${tableOf(one)}: ${filterText(one)}`).join("; ") || "all rows",
});
