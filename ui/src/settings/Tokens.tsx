import { useState } from "react";
import { type Token, useRevokeToken, useTokens } from "../api/accounts";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import { Confirm } from "../pieces/Confirm";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Empty, Failure, Waiting } from "../pieces/States";
import { moment } from "../text/time";
import { NewToken } from "./NewToken";

const COLUMNS: TableColumn[] = [
  { name: "id", label: "Token", type: "STRING", width: 140 },
  { name: "purpose", label: "For", type: "STRING" },
  { name: "user", label: "User", type: "STRING" },
  { name: "scope", label: "Scope", type: "STRING", width: 96 },
  { name: "made", label: "Made", unit: "moment" },
  { name: "expires", label: "Holds until", unit: "moment" },
];

/** The tokens that hold; a click on one ends it. */
export function Tokens() {
  const { data, error, isPending, refetch } = useTokens();
  const [making, setMaking] = useState(false);
  const [opened, setOpened] = useState<string>();
  const token = data?.find((one) => one.id === opened);
  return (
    <Section title="Tokens" headless>
      {isPending && <Waiting height={200} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <DataTable
          label="Tokens"
          title="Tokens"
          columns={COLUMNS}
          rows={data as never}
          onOpen={(row) => setOpened(String(row.id))}
          empty={
            <Empty title="No token holds">
              A program comes in with a token of a user. Its text is told once, when it is made.
            </Empty>
          }
        >
          <Button onClick={() => setMaking(true)}>Make a token</Button>
        </DataTable>
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
      {token && <Revoke token={token} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const revoke = useRevokeToken(token.id);
  return (
    <Confirm
      title={`Revoke ${token.id}`}
      name={token.id}
      act="Revoke the token"
      command={`penstock token revoke DIR ${token.id}`}
      loss={
        <p>
          {token.purpose ? `It is for: ${token.purpose}. ` : ""}
          Who comes in with it as {token.user} ({token.scope}) is refused from the next request on. It would have held
          until {moment(token.expires)}.
        </p>
      }
      running={revoke.isPending}
      error={revoke.error}
      onAct={() => revoke.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
