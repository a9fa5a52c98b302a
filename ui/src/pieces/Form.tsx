import { type ReactNode, useId } from "react";
import { Command } from "./Command";
import css from "./Form.module.css";

interface Props {
  /** For a button elsewhere that sends it. */
  id?: string;
  /** Enter in one of its fields. */
  onSubmit?: () => void;
  children: ReactNode;
}

/** Fields in two columns, in one on a phone. Its buttons stand elsewhere: in the foot of a sheet. */
export function Form({ id, onSubmit, children }: Props) {
  return (
    <form
      id={id}
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
  /** What is wrong with what is written, in place of the note. */
  wrong?: string | undefined;
  /** As wide as the form. */
  whole?: boolean;
  /** The control, known by its id to the label, and described by the note. */
  children: (known: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A control below its label. */
export function Field({ label, note, wrong, whole, children }: FieldProps) {
  const id = useId();
  const told = wrong || note;
  return (
    <div className={whole ? css.whole : undefined}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(told ? { "aria-describedby": `${id}-note` } : {}),
        ...(wrong ? { "aria-invalid": true } : {}),
      })}
      {told && (
        <small id={`${id}-note`} className={wrong ? css.wrong : undefined}>
          {told}
        </small>
      )}
    </div>
  );
}

interface TextProps extends Omit<FieldProps, "children"> {
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password";
  autoComplete?: string;
  placeholder?: string;
  inputMode?: "numeric";
}

export function TextField({
  value,
  onChange,
  autoComplete = "off",
  type,
  placeholder,
  inputMode,
  ...field
}: TextProps) {
  return (
    <Field {...field}>
      {(known) => (
        <input
          {...known}
          type={type}
          value={value}
          autoComplete={autoComplete}
          spellCheck={false}
          placeholder={placeholder}
          inputMode={inputMode}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface AreaProps extends Omit<FieldProps, "children"> {
  value: string;
  onChange: (value: string) => void;
  /** So many lines are in sight. */
  rows?: number;
}

/** Several lines, such as a question. */
export function AreaField({ value, onChange, rows = 8, ...field }: AreaProps) {
  return (
    <Field {...field} whole>
      {(known) => (
        <textarea
          {...known}
          value={value}
          rows={rows}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
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
  whole?: boolean;
}

export function Tick({ label, checked, onChange, whole }: TickProps) {
  return (
    <label className={`${css.tick} ${whole ? css.whole : ""}`}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** The command that does the same as the form. */
export function SameAs({ command }: { command: string }) {
  return (
    <section className={css.does} aria-label="What this does">
      <h3>What this does</h3>
      <Command text={command} />
    </section>
  );
}
