import type { Value } from "../push/protocol";
import type { Variable } from "./model";
import type { Chosen } from "./usePanelTopic";

/** What the address of a view chooses, as the panels' questions take it. */
export function chosenOf(
  variables: readonly Variable[],
  filters: Readonly<Record<string, string | undefined>>,
  range: number | undefined,
): Chosen {
  const values = variables.map((variable): [string, Value] => {
    const text = filters[variable.name];
    return [variable.name, text === undefined || text === "" ? (variable.default ?? null) : typed(variable, text)];
  });
  return { ...Object.fromEntries(values), ...(range === undefined ? {} : { range }) };
}

function typed(variable: Variable, text: string): Value {
  if (variable.type === "number") return Number.isNaN(Number(text)) ? null : Number(text);
  return variable.type === "boolean" ? text === "true" : text;
}

export function unchosen(variables: readonly Variable[], chosen: Chosen): Variable[] {
  return variables.filter((variable) => variable.required && (chosen[variable.name] ?? null) === null);
}
