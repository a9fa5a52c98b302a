import { exactJson } from "../api/exact";

/** The columns of a row as texts that can be mended; undefined for a row that is no JSON object. */
export function fieldsOf(row: string): Record<string, string> | undefined {
  const found = parsed(row);
  return found && Object.fromEntries(Object.entries(found).map(([name, value]) => [name, textOf(value)]));
}

/** What was mended, as values of JSON: what was a text stays one, and anything else is read as JSON where it is some. */
export function mended(row: string, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const before = parsed(row) ?? {};
  const changed = Object.entries(fields).filter(([name, text]) => text !== textOf(before[name]));
  return Object.fromEntries(
    changed.map(([name, text]) => [name, typeof before[name] === "string" ? text : valueOf(text)]),
  );
}

function parsed(row: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(exactJson(row));
    return typeof found === "object" && found !== null && !Array.isArray(found)
      ? (found as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function valueOf(text: string): unknown {
  try {
    return JSON.parse(exactJson(text));
  } catch {
    return text;
  }
}
