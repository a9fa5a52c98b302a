import { useResults } from "../api/quality";
import { Section } from "../frame/View";
import { numberOf } from "../pieces/column";
import { LineChart } from "../pieces/LineChart";
import { Failure, Waiting } from "../pieces/States";
import { parseMoment } from "../text/time";
import css from "./Quality.module.css";

const HEIGHT = 180;

/** How often a rule was broken, of its results that are kept. */
export function OverTime({ rule, of }: { rule: string; of: string }) {
  const { data, error, isPending, refetch } = useResults(rule, of);
  const rows = (data ?? []).flatMap((one) => {
    const at = parseMoment(String(one.time));
    return at === undefined ? [] : [{ at, broken: numberOf(one.broken) ?? null }];
  });
  return (
    <Section title={`Rows of ${of} that broke ${rule}`}>
      <div className={css.chart}>
        {isPending && <Waiting height={HEIGHT} />}
        {error && <Failure error={error} retry={() => void refetch()} />}
        {data && rows.length < 2 && <p className={css.none}>It is drawn from the second result on.</p>}
        {rows.length > 1 && (
          <LineChart
            label={`Rows that broke ${rule}`}
            times={rows.map(({ at }) => at)}
            lines={[{ name: "broken", values: rows.map(({ broken }) => broken), tone: "attention" }]}
            height={HEIGHT}
          />
        )}
      </div>
    </Section>
  );
}
