import { Popover } from "@base-ui/react/popover";
import type { ReactNode, RefObject } from "react";
import css from "./Popup.module.css";

interface Props {
  label: string;
  anchor: RefObject<HTMLElement | null>;
  align: "start" | "end";
  onClose: () => void;
  children: ReactNode;
}

/** What opens beside a button. The button loads it: import it lazily. */
export default function Popup({ label, anchor, align, onClose, children }: Props) {
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Portal>
        <Popover.Positioner
          className={css.positioner}
          anchor={anchor}
          align={align}
          sideOffset={6}
          collisionPadding={8}
        >
          <Popover.Popup className={css.popup} aria-label={label} finalFocus={anchor}>
            {children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
