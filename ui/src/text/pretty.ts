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
