/** A command line as a shell takes it: words that it would read in its own way are quoted; undefined ones left out. */
export function shell(...words: (string | undefined)[]): string {
  return words
    .filter((word) => word !== undefined)
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
