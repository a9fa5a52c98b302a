// Writes src/look/inter.woff2: of Inter what the page's own words, numbers and signs need. Run it with `npm run font`.
import { readFileSync, writeFileSync } from "node:fs";
import subsetFont from "subset-font";

const WHOLE = "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";
const SIGNS = "\u2009\u202f\u2011\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac\u2190\u2191\u2192\u2193\u2212";
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)).join("");

const part = await subsetFont(readFileSync(WHOLE), range(0x20, 0x7e) + range(0xa0, 0xff) + SIGNS, {
  targetFormat: "woff2",
  variationAxes: { wght: { min: 400, max: 600, default: 400 } },
});
writeFileSync("src/inter.woff2", part);
process.stdout.write(`src/inter.woff2: ${part.length} bytes\n`);
