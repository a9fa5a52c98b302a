import css from "./Command.module.css";
import { Copy } from "./Copy";

/** A command line, ready to be copied. */
export function Command({ text }: { text: string }) {
  return (
    <div className={css.command}>
      <code>{text}</code>
      <Copy text={text} label="Copy the command" />
    </div>
  );
}
