const THIN = "\u202f";

/** Units that a column or a panel may name; any other text is shown as it is. */
export type Unit = string;

function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

/** A number as a person reads it: thin separators, and only as many decimals as say something. */
export function number(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = decimals ?? (Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 1 : 2);
  return grouped(value.toFixed(digits)).replace("-", "\u2212");
}

/** A whole number of however many digits, given as a text, as a person reads it. */
export const wholeNumber = (text: string): string => grouped(text).replace("-", "\u2212");

/** So many of something: 1 row, 3 rows. */
export function plural(value: number, what: string): string {
  return `${number(value)} ${what}${value === 1 ? "" : "s"}`;
}

/** A count in three digits: 812, 4.07 k, 12.3 M. */
export function short(value: number): string {
  const size = Math.abs(value);
  for (const [unit, factor] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e4],
  ] as const) {
    const scale = unit === "k" ? 1e3 : factor;
    if (size >= factor) return `${threeDigits(value / scale)}${THIN}${unit}`;
  }
  return number(value, Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return number(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Bytes in binary units. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let at = 0;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${at === 0 ? number(size, 0) : threeDigits(size)}${THIN}${units[at]}`;
}

/** A duration given in ms, in its two largest units. */
export function duration(ms: number): string {
  const sign = ms < 0 ? "\u2212" : "";
  const size = Math.abs(ms);
  if (size < 1000) return `${sign}${Math.round(size)}${THIN}ms`;
  if (size < 10_000) return `${sign}${(size / 1000).toFixed(1)}${THIN}s`;
  const steps: [string, number][] = [
    ["y", 365 * 86_400_000],
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ];
  const at = steps.findIndex(([, length]) => size >= length);
  const [unit, length] = steps[at] ?? ["s", 1000];
  const whole = Math.floor(size / length);
  const next = steps[at + 1];
  const rest = next ? Math.floor((size - whole * length) / next[1]) : 0;
  const tail = next && rest > 0 && whole < 100 ? ` ${rest}${THIN}${next[0]}` : "";
  return `${sign}${whole}${THIN}${unit}${tail}`;
}

/** A value with its unit, as a key figure or a tooltip shows it. */
export function withUnit(value: number, unit: Unit | undefined, decimals?: number): string {
  switch (unit) {
    case undefined:
    case "":
    case "count":
      return number(value, decimals);
    case "bytes":
      return bytes(value);
    case "duration":
      return duration(value);
    case "percent":
    case "%":
      return `${number(value, decimals ?? 1)}${THIN}%`;
    default:
      return `${number(value, decimals)}${THIN}${unit}`;
  }
}
