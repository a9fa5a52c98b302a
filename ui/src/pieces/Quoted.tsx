import { Copy } from "./Copy";
import css from "./Quoted.module.css";

interface Props {
  text: string;
  label?: string;
  /** What is copied, where it is not what is shown. */
  copied?: string;
  /** Its values are coloured by their types. */
  json?: boolean;
}

/** A text as it is: a question, the bytes of a record. */
export function Quoted({ text, label, copied = text, json = false }: Props) {
  return (
    <div className={css.quoted}>
      {label && <Copy text={copied} label={label} />}
      <pre>{json ? text.split(TOKEN).map((part, at) => <Part key={at} text={part} />) : text}</pre>
    </div>
  );
}

const TOKEN = /("(?:[^"\\]|\\.)*"(?:: )?|\b(?:true|false|null)\b|-?\d[\d.eE+-]*)/;

function Part({ text }: { text: string }) {
  if (text.endsWith('": ')) return <span className={css.name}>{text}</span>;
  if (text.startsWith('"')) return <span className={css.text}>{text}</span>;
  return /^(-?\d|true|false|null)/.test(text) ? <span className={css.number}>{text}</span> : text;
}
