import type { ReactNode } from "react";
import css from "./Facts.module.css";

/** Names (`dt`) and what they are (`dd`), below each other. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={css.facts}>{children}</dl>;
}
