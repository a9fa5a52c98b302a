import type { Setting } from "../api/accounts";

/** From when on a change of a setting holds. */
export const HOLDS: Record<Setting["holds"], string> = {
  now: "at once",
  pipeline: "from the next start of a pipeline on",
  restart: "from the next start of the process on",
  file: "from the next start of the process on, and is made in the file alone",
};

/** What is typed as TOML has it: a truth value, a whole number, or else a text. */
export function typed(text: string): string | number | boolean {
  const bare = text.trim();
  if (bare === "true" || bare === "false") return bare === "true";
  return /^\d{1,15}$/.test(bare) ? Number(bare) : bare;
}
