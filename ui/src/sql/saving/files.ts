import type { Column } from "../../push/protocol";

/** A name of a file, made of what a person calls something. */
export function nameOf(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 100);
}

/** A question without the semicolon at its end. */
export const bare = (sql: string) => sql.trim().replace(/\s*;$/, "");
const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** A rule about the rows of a question: what is missing in it is there to be filled in. */
export function alertText(title: string, sql: string, when: string): string {
  const condition = when.trim() ? `when = ${quoted(when.trim())}\n` : "";
  const question = bare(sql).replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"');
  return `title = ${quoted(title)}\nquery = """\n${question}"""\n${condition}severity = "warning"\n`;
}

export function endpointText(title: string, sql: string): string {
  return `-- ${title.replaceAll(/\s+/g, " ")}\n${bare(sql)}\n`;
}

const identifier = (name: string) => `\`${name.replaceAll("`", "``")}\``;

/** A table over a topic of its own, and the pipeline that writes it. With a `key` it holds the last row of each. */
export function pipelineText(table: string, columns: readonly Column[], sql: string, key: readonly string[]): string {
  const lines = columns.map(
    ({ name, type }) => `  ${identifier(name)} ${type}${key.includes(name) ? " NOT NULL" : ""}`,
  );
  if (key.length > 0) lines.push(`  PRIMARY KEY (${key.map(identifier).join(", ")}) NOT ENFORCED`);
  const options =
    key.length > 0
      ? `'connector' = 'upsert-kafka', 'topic' = '${table}', 'key.format' = 'json', 'value.format' = 'json'`
      : `'connector' = 'kafka', 'topic' = '${table}', 'format' = 'json'`;
  return `CREATE TABLE ${identifier(table)} (\n${lines.join(",\n")}\n) WITH (${options});\n\nINSERT INTO ${identifier(table)}\n${bare(sql)};\n`;
}
