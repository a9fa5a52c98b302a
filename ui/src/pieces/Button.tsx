import type { ComponentProps } from "react";
import css from "./Button.module.css";

interface Props extends ComponentProps<"button"> {
  /** `plain` has no frame, `main` is the one act of a view, `danger` loses something. */
  look?: "plain" | "framed" | "main" | "danger";
}

export function Button({ look = "framed", className, type = "button", ...rest }: Props) {
  return <button {...rest} type={type} className={`${css.button} ${css[look]} ${className ?? ""}`} />;
}
