import { Select } from "@base-ui/react/select";
import { Check, ChevronsUpDown } from "lucide-react";
import css from "./Choice.module.css";

interface Props<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

/** One of many: a list that opens. The label stands before the value, inside the button. */
export function Choice<T extends string>({ label, value, options, onChange }: Props<T>) {
  return (
    <Select.Root items={options} value={value} onValueChange={(next) => next !== null && onChange(next as T)}>
      <Select.Trigger className={css.trigger} aria-label={label}>
        <span className={css.label}>{label}</span>
        <Select.Value />
        <Select.Icon className={css.icon}>
          <ChevronsUpDown size={12} />
        </Select.Icon>
      </Select.Trigger>
      <Select.Portal>
        <Select.Positioner sideOffset={4} className={css.positioner} alignItemWithTrigger={false}>
          <Select.Popup className={css.popup}>
            <Select.List>
              {options.map((option) => (
                <Select.Item key={option.value} value={option.value} className={css.item}>
                  <Select.ItemIndicator className={css.chosen}>
                    <Check size={12} />
                  </Select.ItemIndicator>
                  <Select.ItemText className={css.text}>{option.label}</Select.ItemText>
                </Select.Item>
              ))}
            </Select.List>
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
