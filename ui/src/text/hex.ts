const HEX = /^0x(?:[0-9a-f]{2})*$/i;

/** Bytes as they are shown: text where they are UTF-8, else 0x and hexadecimal digits. */
export const isHex = (shown: string): boolean => HEX.test(shown);

/** Bytes that came as text, or as hexadecimal digits where they are none, as digits in any case. */
export function digits(text: string): string {
  if (isHex(text)) return text;
  return `0x${Array.from(new TextEncoder().encode(text), (one) => one.toString(16).padStart(2, "0")).join("")}`;
}
