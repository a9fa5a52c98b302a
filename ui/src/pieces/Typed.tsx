import css from "./Typed.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  inputMode?: "text" | "decimal";
  placeholder?: string;
  className?: string | undefined;
}

/** A value that is typed: told when Enter is pressed, or when one goes elsewhere. The label stands before it. */
export function Typed({ label, value, onChange, inputMode = "text", placeholder, className }: Props) {
  return (
    <label className={`${css.typed} ${className ?? ""}`}>
      <span>{label}</span>
      <input
        key={value}
        defaultValue={value}
        inputMode={inputMode}
        placeholder={placeholder}
        onBlur={(event) => event.target.value !== value && onChange(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && onChange(event.currentTarget.value)}
      />
    </label>
  );
}
