import { type ReactNode, useId } from "react";
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
  /** The control, known by its id to the label, and described by the note. */
  children: (known: { id: string; "aria-describedby"?: string }) => ReactNode;
}

/** A control below its label. */
export function Field({ label, note, whole, children }: FieldProps) {
  const id = useId();
  return (
    <div className={whole ? css.whole : undefined}>
      <label htmlFor={id}>{label}</label>
      {children({ id, ...(note ? { "aria-describedby": `${id}-note` } : {}) })}
      {note && <small id={`${id}-note`}>{note}</small>}
    </div>
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
      {(known) => (
        <input
          {...known}
          type={type}
          value={value}
          autoComplete={autoComplete}
          placeholder={placeholder}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** Several lines, such as a question. */
export function AreaField({ value, onChange, ...field }: Omit<TextProps, "type" | "autoComplete" | "placeholder">) {
  return (
    <Field {...field} whole>
      {(known) => (
        <textarea {...known} value={value} spellCheck={false} onChange={(event) => onChange(event.target.value)} />
      )}
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
      {(known) => (
        <select {...known} value={value} onChange={(event) => onChange(event.target.value as T)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Things that each are chosen or not, below what they have in common. */
export function Ticks({ label, children }: { label: string; children: ReactNode }) {
  return (
    <fieldset className={css.ticks}>
      <legend>{label}</legend>
      {children}
    </fieldset>
  );
}

interface TickProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Tick({ label, checked, onChange }: TickProps) {
  return (
    <label className={css.tick}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
