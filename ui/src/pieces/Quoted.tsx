import { Copy } from "./Copy";
import css from "./Quoted.module.css";

/** A text as it is: a question, the bytes of a record. `copied` is what is copied, where it is not what is shown. */
export function Quoted({ text, label, copied = text }: { text: string; label?: string; copied?: string }) {
  return (
    <div className={css.quoted}>
      {label && <Copy text={copied} label={label} />}
      <pre>{text}</pre>
    </div>
  );
}
