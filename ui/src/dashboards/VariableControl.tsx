import { Choice } from "../pieces/Choice";
import { Typed } from "../pieces/Typed";
import { useWatch } from "../push/useWatch";
import type { Variable } from "./model";

interface Props {
  variable: Variable;
  value: string;
  onChange: (value: string) => void;
}

/** What a viewer chooses or types. */
export function VariableControl({ variable, value, onChange }: Props) {
  const label = variable.label || variable.name;
  if (variable.query) return <Asking variable={variable} query={variable.query} value={value} onChange={onChange} />;
  const options = variable.type === "boolean" ? [true, false] : variable.options;
  if (options?.length) {
    const listed = options.map((one) => ({
      value: String(one),
      label: one === true ? "yes" : one === false ? "no" : String(one),
    }));
    return <Choice label={label} value={value} options={beginning(variable, value, listed)} onChange={onChange} />;
  }
  return (
    <Typed
      label={label}
      value={value}
      inputMode={variable.type === "number" ? "decimal" : "text"}
      onChange={onChange}
    />
  );
}

function Asking({ variable, query, value, onChange }: Props & { query: string }) {
  const { held } = useWatch({ query, limit: 1000 });
  const listed = held.rows.map((row) => ({ value: String(row[0] ?? ""), label: String(row[1] ?? row[0] ?? "") }));
  if (value !== "" && !listed.some((one) => one.value === value)) listed.unshift({ value, label: value });
  return (
    <Choice
      label={variable.label || variable.name}
      value={value}
      options={beginning(variable, value, listed)}
      onChange={onChange}
    />
  );
}

/** The choices, after "all", or, where one must be made and is not yet, after "choose": a list shows its first one. */
function beginning(variable: Variable, value: string, options: { value: string; label: string }[]) {
  if (!variable.required) return [{ value: "", label: "all" }, ...options];
  return value === "" ? [{ value: "", label: "choose…" }, ...options] : options;
}
