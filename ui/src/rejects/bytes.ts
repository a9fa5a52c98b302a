const HEX = /^0x(?:[0-9a-f]{2})*$/i;

/** Bytes as they are shown: text where they are UTF-8, else 0x and hexadecimal digits. */
export const isHex = (shown: string): boolean => HEX.test(shown);

/** The bytes that a text stands for, in base64. */
export function base64Of(shown: string): string {
  const bytes = isHex(shown)
    ? Uint8Array.from(shown.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : new TextEncoder().encode(shown);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
