import { useState } from "react";
import { type Setting, useSettings } from "../api/accounts";
import { Section } from "../frame/View";
import type { TableColumn } from "../pieces/column";
import { DataTable } from "../pieces/DataTable";
import { Failure, Waiting } from "../pieces/States";
import { HOLDS } from "./holds";
import { SettingSheet } from "./SettingSheet";
import css from "./Settings.module.css";

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
  { name: "holds", label: "A change holds", type: "STRING", width: 250 },
  { name: "description", label: "What it does", type: "STRING", width: 420 },
  { name: "allowed", label: "Allowed", type: "STRING" },
];

/** What penstock.toml says and could say, without its secrets; each setting is opened, and changed by an admin. */
export function SettingTable() {
  const { data, error, isPending, refetch } = useSettings();
  const [opened, setOpened] = useState<Pick<Setting, "section" | "name">>();
  const open = data?.settings.find((one) => one.section === opened?.section && one.name === opened.name);
  return (
    <Section title="Settings" headless>
      {isPending && <Waiting height={320} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <DataTable
          label="Settings"
          title="penstock.toml"
          columns={COLUMNS}
          rows={data.settings.map(({ choices: _, ...one }) => ({
            ...one,
            value: one.missing ? `${one.value} (not set)` : (one.value ?? ""),
            holds: one.holds === "file" ? "in the file alone" : HOLDS[one.holds],
          }))}
          height={640}
          onOpen={(row) => setOpened({ section: String(row.section), name: String(row.name) })}
        >
          <span className={css.note}>Secrets stand in the environment; here are the names of their variables.</span>
        </DataTable>
      )}
      {data && open && (
        <SettingSheet
          key={`${open.section} ${open.name}`}
          setting={open}
          tag={data.tag}
          onClose={() => setOpened(undefined)}
        />
      )}
    </Section>
  );
}
