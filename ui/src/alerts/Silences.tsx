import { useEndSilence, useSilences } from "../api/alerts";
import { useMay } from "../api/login";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import { Moment } from "../pieces/Moment";
import { Failure } from "../pieces/States";
import css from "./Alerts.module.css";
import { keyText } from "./tones";

/** What nobody is told of now, and until when. */
export function Silences() {
  const { data = [] } = useSilences();
  const may = useMay("operate");
  const end = useEndSilence();
  if (data.length === 0) return null;
  return (
    <Section title="Silences">
      <ul className={css.silences} aria-label="Silences">
        {data.map((one) => (
          <li key={one.id}>
            <span>
              <b>{one.rule}</b> {keyText(one.key) || "every key"}, until{" "}
              <Moment ms={Math.floor(one.until / 1000) * 1000} />
              <small>{[one.by, one.note].filter(Boolean).join(": ")}</small>
            </span>
            {may && (
              <Button
                aria-label={`End the silence of ${one.rule} ${keyText(one.key)}`.trim()}
                disabled={end.isPending}
                onClick={() => end.mutate(one.id)}
              >
                End it now
              </Button>
            )}
          </li>
        ))}
      </ul>
      {end.error && <Failure error={end.error} />}
    </Section>
  );
}
