import { ChevronsUpDown } from "lucide-react";
import css from "./Choice.module.css";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

/** One of many: the browser's own list, which a phone shows in its own way. The label stands before the value. */
export function Choice<T extends string>({ label, value, options, onChange }: Props<T>) {
  return (
    <label className={css.choice}>
      <span className={css.label}>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronsUpDown size={12} aria-hidden="true" />
    </label>
  );
}
