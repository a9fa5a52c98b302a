import { useProject } from "../api/asked";
import { useSettings } from "../api/accounts";
import { useLogin } from "../api/login";
import { Section } from "../frame/View";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Failure, Waiting } from "../pieces/States";
import { Memory } from "./Memory";
import css from "./Settings.module.css";
import { OwnPassword } from "./OwnPassword";

const COLUMNS: TableColumn[] = [
  { name: "section", label: "Section", type: "STRING", width: 132 },
  { name: "name", label: "Setting", type: "STRING", width: 164 },
  {
    name: "value",
    label: "As the file has it",
    type: "STRING",
    width: 200,
    tone: (_, row) => (row.missing ? "bad" : undefined),
  },
  { name: "default", label: "By default", type: "STRING", width: 132 },
  { name: "allowed", label: "Allowed", type: "STRING" },
  { name: "description", label: "What it does", type: "STRING", width: 420 },
];

/** What penstock.toml says and could say, without its secrets; and who looks. */
export function File() {
  const { data, error, isPending, refetch } = useSettings();
  const project = useProject().data;
  const login = useLogin().data;
  return (
    <>
      <Section title="This project">
        <div className={css.padded}>
          <Facts>
            <dt>Folder</dt>
            <dd>{project?.folder ?? "\u2026"}</dd>
            <dt>Penstock</dt>
            <dd>{project?.version ?? "\u2026"}</dd>
            <dt>You are</dt>
            <dd>
              {login?.user ?? "nobody by name"}
              {login && (login.needed ? "" : ", on this machine: nobody logs in here, and all may do everything")}
            </dd>
            <dt>You may</dt>
            <dd>{login?.rights.join(", ")}</dd>
          </Facts>
          {login?.way === "login" && <OwnPassword />}
        </div>
      </Section>
      <Memory />
      <Section title="Settings" headless>
        {isPending && <Waiting height={320} />}
        {error && <Failure error={error} retry={() => void refetch()} />}
        {data && (
          <DataTable
            label="Settings"
            title="penstock.toml"
            columns={COLUMNS}
            rows={data.map((one) => ({
              ...one,
              value: one.missing ? `${one.value} (not set)` : (one.value ?? ""),
              default: one.default,
            }))}
            height={640}
          >
            <span className={css.note}>Secrets stand in the environment; here are the names of their variables.</span>
          </DataTable>
        )}
      </Section>
    </>
  );
}
