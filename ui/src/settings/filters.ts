import type { User } from "../api/accounts";

export type Filter = User["filters"][number];

/** A table's name, with its database where that is not the usual one. */
export const tableOf = ({ path }: Filter) => (path[1] === "default_database" ? path[2] : `${path[1]}.${path[2]}`);

/** `customer=c1,c2`; of several columns each has to fit. */
export function filterText({ where }: Filter): string {
  if (where.length === 0) return "every row";
  return where.map(([column, values]) => `${column}=${values.map(String).join(",")}`).join(" ");
}

/** The values that are written for a column of a type: whole numbers and truth values as such. */
export function valuesOf(text: string, type: string): (string | number | boolean)[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (/INT/.test(type)) return parts.map((part) => (/^-?\d{1,15}$/.test(part) ? Number(part) : part));
  if (type.startsWith("BOOLEAN"))
    return parts.map((part) => (part === "true" || part === "false" ? part === "true" : part));
  return parts;
}
