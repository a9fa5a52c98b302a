import { FilePen } from "lucide-react";
import { useProject } from "../api/asked";
import { Go } from "../pieces/Go";
import { number } from "../text/number";
import css from "./Changed.module.css";

/** Files of sql/ that are not what runs, wherever one is; nothing where there is none. */
export function Changed() {
  const count = useProject().data?.changed.length ?? 0;
  if (count === 0) return null;
  return (
    <Go href="/changes" className={css.changed} title="They are not applied: look at what they would change">
      <FilePen size={14} aria-hidden="true" />
      {number(count)}
      <span className={css.words}>{count === 1 ? "file has" : "files have"} changed</span>
    </Go>
  );
}
