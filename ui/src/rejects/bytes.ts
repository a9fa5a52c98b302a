import { isHex } from "../text/hex";

/** A text as a field of a form has it: the end of each line is \n there. */
export const inField = (text: string): string => text.replace(/\r\n?/g, "\n");

/** What `original` is made by whoever has made `edited` of it in a field: ends of lines stay what they were. */
export function mendedAs(original: string, edited: string): string {
  const units = original.match(/\r\n|[^]/g) ?? [];
  const same = (unit: string | undefined, letter: string | undefined) => unit !== undefined && inField(unit) === letter;
  let before = 0;
  while (before < edited.length && same(units[before], edited[before])) before += 1;
  let after = 0;
  const most = Math.min(units.length, edited.length) - before;
  while (after < most && same(units[units.length - 1 - after], edited[edited.length - 1 - after])) after += 1;
  const ends = units.find((unit) => inField(unit) === "\n") ?? "\n";
  const between = edited.slice(before, edited.length - after).replaceAll("\n", ends);
  return units.slice(0, before).join("") + between + units.slice(units.length - after).join("");
}

/** The bytes that a text stands for, in base64. */
export function base64Of(shown: string): string {
  const bytes = isHex(shown)
    ? Uint8Array.from(shown.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : new TextEncoder().encode(shown);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
