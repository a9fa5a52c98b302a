import type { ReactNode } from "react";
import css from "./Form.module.css";

interface Props {
  /** Enter in one of its fields. */
  onSubmit?: () => void;
  children: ReactNode;
}

/** Fields in two columns, in one on a phone. Its buttons stand elsewhere: in the foot of a sheet. */
export function Form({ onSubmit, children }: Props) {
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit?.();
      }}
    >
      {children}
    </form>
  );
}

interface FieldProps {
  label: string;
  /** What may be written, or what comes of it. */
  note?: ReactNode;
  /** As wide as the form. */
  whole?: boolean;
  children: ReactNode;
}

/** A control below its label. */
export function Field({ label, note, whole, children }: FieldProps) {
  return (
    <label className={whole ? css.whole : undefined}>
      {label}
      {children}
      {note && <small>{note}</small>}
    </label>
  );
}

interface TextProps extends Omit<FieldProps, "children"> {
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password";
  autoComplete?: string;
  placeholder?: string;
}

export function TextField({ value, onChange, type = "text", autoComplete = "off", placeholder, ...field }: TextProps) {
  return (
    <Field {...field}>
      <input
        type={type}
        value={value}
        autoComplete={autoComplete}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

/** Several lines, such as a question. */
export function AreaField({ value, onChange, ...field }: Omit<TextProps, "type" | "autoComplete" | "placeholder">) {
  return (
    <Field {...field} whole>
      <textarea value={value} spellCheck={false} onChange={(event) => onChange(event.target.value)} />
    </Field>
  );
}

interface ChoiceProps<T extends string> extends Omit<FieldProps, "children"> {
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

export function ChoiceField<T extends string>({ value, options, onChange, ...field }: ChoiceProps<T>) {
  return (
    <Field {...field}>
      <select value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}
