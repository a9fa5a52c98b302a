import { navigate } from "wouter/use-browser-location";
import { useNow } from "../frame/LiveLight";
import { KeyFigure } from "../pieces/KeyFigure";
import type { PipelineFigures, PipelineState } from "../push/protocol";
import { useLink, useWatch } from "../push/useWatch";
import { bytes, duration, number, short } from "../text/number";
import { clock } from "../text/time";
import { FIGURES } from "./Overview";
import css from "./Overview.module.css";
import { STATE_TONES } from "./PipelineTable";
import { useCourse } from "./useCourse";

const stateTone = (state: PipelineState) => (STATE_TONES[state] === "good" ? "neutral" : STATE_TONES[state]);

const stateHeld = ({ state, held_bytes }: PipelineFigures) =>
  (state === "stopped" || state === "failed") && held_bytes === 0 ? "state on disk" : `${bytes(held_bytes)} of state`;

interface Props {
  pipelines: readonly PipelineFigures[];
  /** Ms; null: there is none yet; undefined: nothing is told yet. */
  eventTime: number | null | undefined;
}

/** The project in six numbers; each leads to where it comes from. */
export function Totals({ pipelines, eventTime }: Props) {
  const now = useNow();
  const link = useLink();
  const { held } = useWatch(FIGURES);
  const go = (href: string) => () => navigate(href);
  const sum = (of: (one: PipelineFigures) => number) => pipelines.reduce((total, one) => total + of(one), 0);
  const rate = sum((one) => one.rows_per_second);
  const lag = sum((one) => one.lag ?? 0);
  const failed = pipelines.filter((one) => one.state === "failed").length;
  const halted = pipelines.filter((one) => one.state === "paused" || one.state === "stopped").length;
  const running = pipelines.filter((one) => one.state === "running").length;
  const only = pipelines[0];
  const late = sum((one) => one.late);
  const rejected = sum((one) => one.rejected);
  const behind = eventTime == null ? undefined : Math.max(0, now + link.skew - eventTime);
  const rates = useCourse(rate, held.time);
  const lags = useCourse(lag, held.time);
  return (
    <div className={css.totals}>
      {pipelines.length === 1 && only ? (
        <KeyFigure
          label="State"
          value={only.state}
          tone={stateTone(only.state)}
          note={`checkpoint ${number(only.epoch)}, ${stateHeld(only)}`}
          onAsk={go(`/pipelines/${encodeURIComponent(only.pipeline)}`)}
        />
      ) : (
        <KeyFigure
          label="Pipelines"
          value={failed > 0 ? `${failed} failed` : `${running} running`}
          tone={failed > 0 ? "bad" : "neutral"}
          note={halted > 0 ? `of ${pipelines.length}, ${halted} paused or stopped` : `of ${pipelines.length}`}
          onAsk={go("/pipelines")}
        />
      )}
      <KeyFigure
        label="Rows in"
        value={`${short(rate)}\u202f/s`}
        note={`${short(sum((one) => one.rows))} since the start`}
        trend={rates}
        onAsk={go("/pipelines")}
      />
      <KeyFigure
        label="Lag"
        value={short(lag)}
        tone={lag > 10_000 ? "attention" : "neutral"}
        note="records"
        trend={lags}
        onAsk={go("/topics")}
      />
      <KeyFigure
        label="Event time"
        value={eventTime == null ? undefined : clock(eventTime)}
        note={eventTime === null ? "no watermark yet" : behind === undefined ? "\u2026" : `${duration(behind)} behind`}
        onAsk={go("/pipelines")}
      />
      <KeyFigure
        label="Late"
        value={number(late)}
        tone={late > 0 ? "attention" : "neutral"}
        note="rows, since the start"
        onAsk={go("/rejects?show=late")}
      />
      <KeyFigure
        label="Rejected"
        value={number(rejected)}
        tone={rejected > 0 ? "attention" : "neutral"}
        note="rows, since the start"
        onAsk={go("/rejects")}
      />
    </div>
  );
}
