import { useRef } from "react";
import type { Tone } from "./ink";
import css from "./KeyFigure.module.css";
import { Sparkline } from "./Sparkline";

interface Props {
  label: string;
  /** As it is shown, with its unit; undefined where there is none. */
  value: string | undefined;
  note?: string | undefined;
  tone?: Tone | undefined;
  delta?: { text: string; tone: Tone } | undefined;
  trend?: (number | null)[] | undefined;
  provisional?: boolean | undefined;
  /** Its value has not come yet: its place is kept. */
  waiting?: boolean;
  onAsk?: (() => void) | undefined;
}

/** One number, and what it was before; a click asks for its reason. */
export function KeyFigure({ label, value, note, tone = "neutral", delta, trend, provisional, waiting, onAsk }: Props) {
  const turn = useTurn(value);
  const body = (
    <>
      <span className={css.label}>{label}</span>
      <span className={css.line}>
        <span key={turn} className={`${css.value} ${css[tone]} ${turn > 0 ? "changed" : ""}`}>
          {waiting ? <i className={css.waiting} /> : (value ?? "\u2013")}
        </span>
        {delta && <span className={`${css.delta} ${css[delta.tone]}`}>{delta.text}</span>}
      </span>
      <span className={css.note}>{note}</span>
      {trend && <Sparkline values={trend} />}
    </>
  );
  if (waiting) {
    return (
      <div className={`figures ${css.figure}`} role="status" aria-label={`${label} is being loaded`}>
        {body}
      </div>
    );
  }
  const look = `figures ${css.figure} ${provisional ? "provisional" : ""}`;
  if (!onAsk) return <div className={look}>{body}</div>;
  return (
    <button type="button" className={`${look} ${css.asks}`} onClick={onAsk} title="Where does this number come from?">
      {body}
    </button>
  );
}

/** How often a value has changed since it was first shown. */
function useTurn(value: string | undefined): number {
  const held = useRef({ value, turn: 0 });
  if (held.current.value !== value) {
    held.current = { value, turn: held.current.value === undefined ? 0 : held.current.turn + 1 };
  }
  return held.current.turn;
}
