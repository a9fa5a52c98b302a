import type { Role, Scope } from "../api/accounts";

interface Choice<T> {
  value: T;
  label: string;
  note: string;
}

export const ROLES: readonly Choice<Role>[] = [
  { value: "viewer", label: "viewer", note: "Looks and asks." },
  { value: "operator", label: "operator", note: "Changes topics, files and what runs, too." },
  { value: "admin", label: "admin", note: "Decides who may do what, too." },
];

export const SCOPES: readonly Choice<Scope>[] = [
  { value: "read", label: "read", note: "Looks and asks." },
  { value: "ingest", label: "ingest", note: "Appends events, and nothing else." },
  { value: "operate", label: "operate", note: "Changes topics, files and what runs." },
  { value: "admin", label: "admin", note: "Everything that its user may do." },
];
