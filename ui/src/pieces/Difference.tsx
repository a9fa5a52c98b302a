import css from "./Difference.module.css";

/** The first lines of a difference name its two sides. */
const HEADS = 2;

/** How a text differs from another one, line by line; `text` is a unified difference. */
export function Difference({ text, label }: { text: string; label?: string }) {
  return (
    <pre className={css.diff} tabIndex={0} role="group" aria-label={label ?? "What differs"}>
      {text.split("\n").map((line, at) => (
        <span key={at} className={at < HEADS ? css.side : lookOf(line)}>
          {line || " "}
        </span>
      ))}
    </pre>
  );
}

function lookOf(line: string): string | undefined {
  return line.startsWith("+")
    ? css.added
    : line.startsWith("-")
      ? css.removed
      : line.startsWith("@@")
        ? css.side
        : undefined;
}
