/** Which of `names` a question reads: a name followed by `$open` is that of its table. */
export function tablesIn(query: string, names: readonly string[]): string[] {
  const words = new Set(query.replaceAll(/'[^']*'|--[^\n]*/g, " ").match(/[\w.]+/g) ?? []);
  return names.filter((name) => words.has(name) || words.has(name.split(".").at(-1) ?? name));
}
