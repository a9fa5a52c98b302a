import type { Replayed } from "../api/quality";
import { number, plural } from "../text/number";
import css from "./Quality.module.css";

/** What became of rows of loads that were brought in again; those of topics are read by their pipelines. */
export function Again({ done }: { done: Replayed[] }) {
  return (
    <ul className={css.again} aria-label="What became of them">
      {done.map((one) => (
        <li key={one.into}>{words(one)}</li>
      ))}
    </ul>
  );
}

function words({ into, read, loaded, quarantined, why }: Replayed): string {
  if (loaded === null) return `${plural(read, "row")} appended to ${into}`;
  const again = quarantined ? `, ${number(quarantined)} set aside again: ${why}` : "";
  return `Source ${into}: ${plural(read, "row")} read, ${number(loaded)} loaded${again}`;
}
