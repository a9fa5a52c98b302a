import { isHex } from "../rejects/bytes";

/** Bytes that came as text, or as hexadecimal digits where they are none, as digits in any case. */
export function digits(text: string): string {
  if (isHex(text)) return text;
  return `0x${Array.from(new TextEncoder().encode(text), (one) => one.toString(16).padStart(2, "0")).join("")}`;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** A value as a person reads it: JSON on lines of its own, with each number as it is written; anything else as it is. */
export function pretty(text: string): string {
  const first = text.trimStart()[0];
  if ((first !== "{" && first !== "[") || !isJson(text)) return text;
  let depth = 0;
  let shown = "";
  let last = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const token of text.match(TOKENS) ?? []) {
    const closes = token === "}" || token === "]";
    const opened = last === "{" || last === "[";
    if (closes) depth -= 1;
    if (closes ? !opened : opened || last === ",") shown += line();
    shown += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    last = token;
  }
  return shown;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
