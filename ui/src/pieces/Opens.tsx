import { type ComponentProps, lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { Button } from "./Button";

const Popup = lazy(() => import("./Popup"));

interface Props extends ComponentProps<typeof Button> {
  /** What is opened; the name of a button without a text. */
  label: string;
  named?: boolean;
  align?: "start" | "end";
  /** What it opens; made when it is open. */
  popup: () => ReactNode;
}

/** A button that opens something beside it. */
export function Opens({ label, named = false, align = "end", popup, children, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button
        {...rest}
        ref={anchor}
        aria-label={named ? undefined : label}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen((was) => !was)}
      >
        {children}
      </Button>
      {open && (
        <Suspense>
          <Popup label={label} anchor={anchor} align={align} onClose={() => setOpen(false)}>
            {popup()}
          </Popup>
        </Suspense>
      )}
    </>
  );
}
