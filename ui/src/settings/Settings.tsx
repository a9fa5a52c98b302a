import type { ComponentType } from "react";
import { type Right, useLogin, useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { View } from "../frame/View";
import { Segmented } from "../pieces/Segmented";
import { Empty } from "../pieces/States";
import { Audit } from "./Audit";
import { File } from "./File";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

interface Part {
  value: string;
  label: string;
  needs: Right;
  what: string;
  shown: ComponentType;
}

const PARTS: readonly [Part, ...Part[]] = [
  { value: "", label: "Settings", needs: "read", what: "Settings", shown: File },
  { value: "users", label: "Users", needs: "admin", what: "Users, and what each may do and see,", shown: Users },
  { value: "tokens", label: "Tokens", needs: "admin", what: "Tokens of programs", shown: Tokens },
  { value: "audit", label: "Audit log", needs: "admin", what: "Who has changed what", shown: Audit },
];

/** How the project is set, who may do what in it, and who has done what. */
export function Settings() {
  const [filters, setFilters] = useFilters();
  const part = PARTS.find((one) => one.value === filters.show) ?? PARTS[0];
  const may = useMay(part.needs);
  const { isPending } = useLogin();
  const Shown = part.shown;
  return (
    <View
      title="Settings"
      tools={
        <Segmented
          label="What is shown"
          value={part.value}
          options={PARTS}
          onChange={(show) => setFilters({ show: show || undefined, by: undefined, act: undefined, on: undefined })}
        />
      }
    >
      {may ? (
        <Shown />
      ) : (
        !isPending && (
          <Empty title={`This is for ${part.needs === "admin" ? "admins" : "users"}`}>
            {part.what} {part.what.endsWith(",") ? "are" : "is"} shown to who has the right to {part.needs}.
          </Empty>
        )
      )}
    </View>
  );
}
