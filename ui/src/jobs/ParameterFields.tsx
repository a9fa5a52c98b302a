import type { Job } from "../api/jobs";
import { TextField } from "../pieces/Form";

interface Props {
  job: Job;
  values: Readonly<Record<string, string>>;
  onChange: (values: Record<string, string>) => void;
}

/** What a run of a job may be given; what is left empty is its default. */
export function ParameterFields({ job, values, onChange }: Props) {
  return job.parameters.map(({ name, type, required, default: fallback, description }) => (
    <TextField
      key={name}
      label={name}
      value={values[name] ?? ""}
      onChange={(value) => onChange({ ...values, [name]: value })}
      placeholder={required ? "" : (fallback ?? "none")}
      note={[type, description, required ? "It has no default." : ""].filter(Boolean).join(". ")}
    />
  ));
}

/** Those that were given, as the API takes them. */
export const given = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));

/** Whether all are there that have no default. */
export const isWhole = (job: Job, values: Readonly<Record<string, string>>): boolean =>
  job.parameters.every(({ name, required }) => !required || (values[name] ?? "") !== "");

/** The same for the command line. */
export const paramWords = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(given(values)).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
