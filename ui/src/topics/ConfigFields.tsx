import { ChoiceField, TextField } from "../pieces/Form";

/** Configs of a topic by their names; an empty text leaves one at its default. */
export type Configs = Readonly<Record<string, string>>;

const DURATION = /^(-1|\d+(\.\d+)?\s*(ms|s|min|h|d|weeks?)?)$/;
const SIZE = /^(-1|\d+)$/;

const POLICIES = [
  { value: "", label: "delete: old records go (default)" },
  { value: "compact", label: "compact: the last of each key stays" },
  { value: "compact,delete", label: "compact, and delete the old" },
];

interface Props {
  configs: Configs;
  onChange: (configs: Configs) => void;
}

/** What a topic keeps, and for how long. */
export function ConfigFields({ configs, onChange }: Props) {
  const field = (name: string) => ({
    value: configs[name] ?? "",
    onChange: (value: string) => onChange({ ...configs, [name]: value }),
  });
  return (
    <>
      <TextField
        label="Kept for"
        {...field("retention.ms")}
        placeholder="7 d"
        wrong={wrongOf(configs["retention.ms"], DURATION, "A time such as 12 h or 30 d; -1 is without end.")}
        note="retention.ms; older records are deleted. -1 is without end."
      />
      <TextField
        label="At most, in bytes"
        {...field("retention.bytes")}
        placeholder="no limit"
        inputMode="numeric"
        wrong={wrongOf(configs["retention.bytes"], SIZE, "A whole number of bytes; -1 is no limit.")}
        note="retention.bytes of each partition, before compression."
      />
      <ChoiceField label="What becomes of old records" {...field("cleanup.policy")} options={POLICIES} whole />
    </>
  );
}

/** Whether nothing is wrong with them. */
export const fit = (configs: Configs): boolean =>
  !wrongOf(configs["retention.ms"], DURATION, "no") && !wrongOf(configs["retention.bytes"], SIZE, "no");

const wrongOf = (value: string | undefined, form: RegExp, told: string) =>
  value?.trim() && !form.test(value.trim()) ? told : undefined;

/** Those that have a value. */
export function setOf(configs: Configs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(configs).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])),
  );
}

/** As the command line takes them; null unsets one. */
export function configWords(configs: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(configs).flatMap(([name, value]) => ["--config", `${name}=${value ?? ""}`]);
}
