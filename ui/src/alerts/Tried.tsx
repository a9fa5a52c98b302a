import type { WouldHaveFired } from "../api/alerts";
import { plural } from "../text/number";
import { moment } from "../text/time";
import css from "./Alerts.module.css";

const LISTED = 5;

/** What a rule that is not saved yet would have fired: how often, and the last of it. */
export function Tried({ found }: { found: readonly WouldHaveFired[] }) {
  return (
    <div className={css.found} role="status">
      <p>It would have fired {plural(found.length, "time")} over all that is kept.</p>
      <ul>
        {found.slice(-LISTED).map((one) => (
          <li key={`${one.fired} ${JSON.stringify(one.key)}`}>
            {moment(one.fired)} {one.title} {one.description}
          </li>
        ))}
      </ul>
    </div>
  );
}
