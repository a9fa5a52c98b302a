import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import type { ReactNode } from "react";
import css from "./Segmented.module.css";

interface Props<T extends string> {
  label: string;
  value: T | undefined;
  options: readonly { value: T; label: ReactNode; name?: string }[];
  onChange: (value: T) => void;
}

/** One of a few choices, all in sight. */
export function Segmented<T extends string>({ label, value, options, onChange }: Props<T>) {
  return (
    <ToggleGroup
      className={css.group}
      aria-label={label}
      value={value === undefined ? [] : [value]}
      onValueChange={(chosen) => {
        const next = chosen.at(-1) as T | undefined;
        if (next !== undefined) onChange(next);
      }}
    >
      {options.map((option) => (
        <Toggle key={option.value} value={option.value} className={css.item} aria-label={option.name}>
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
