import css from "./Bars.module.css";
import { Go } from "./Go";
import { lineColour, type Tone } from "./ink";

export interface Bar {
  name: string;
  value: number;
  shown: string;
  tone?: Tone | undefined;
  href?: string | undefined;
  provisional?: boolean;
}

interface Props {
  label: string;
  bars: readonly Bar[];
  onAsk?: ((bar: Bar) => void) | undefined;
}

/** Lengths beside names, in the order given. */
export function Bars({ label, bars, onAsk }: Props) {
  const most = Math.max(...bars.map((bar) => Math.abs(bar.value)), 0) || 1;
  return (
    <ul className={`figures ${css.bars}`} aria-label={label}>
      {bars.map((bar) => {
        const inside = (
          <>
            <span className={css.name}>{bar.name}</span>
            <span className={css.track}>
              <span
                className={`${css.fill} ${bar.provisional ? "provisional" : ""}`}
                style={{
                  width: `${(Math.abs(bar.value) / most) * 100}%`,
                  backgroundColor: `var(--${lineColour(bar, 0)})`,
                }}
              />
            </span>
            <span className={css.value}>{bar.shown}</span>
          </>
        );
        return (
          <li key={bar.name}>
            {bar.href ? (
              <Go className={css.bar} href={bar.href}>
                {inside}
              </Go>
            ) : onAsk ? (
              <button type="button" className={css.bar} onClick={() => onAsk(bar)}>
                {inside}
              </button>
            ) : (
              <div className={css.bar}>{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
