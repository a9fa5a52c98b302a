import { compare, shown } from "../../pieces/column";
import { lineColour } from "../../pieces/ink";
import { useLink } from "../../push/useWatch";
import { clock, moment } from "../../text/time";
import { inOrder, toneOf } from "../model";
import { timeOf } from "../pivot";
import { answerOf, type PanelProps } from "./props";
import css from "./TimelinePanel.module.css";

/** Who was there when: a lane for each name, a piece from its beginning to its end; one without an end goes on. */
export function TimelinePanel({ panel, held, zoom, onAsk }: PanelProps) {
  const { eventTime } = useLink();
  const answer = answerOf(panel, held);
  const from = answer.column(panel.x) ?? answer.columns[0];
  const lane = answer.column(panel.y) ?? answer.columns[1];
  const end = answer.column(panel.until);
  if (!from || !lane) return <p className={css.none}>A timeline needs two columns: x and y.</p>;

  const pieces = answer.rows.flatMap((row) => {
    const start = timeOf(from, row[from.name] ?? null);
    const stop = end && timeOf(end, row[end.name] ?? null);
    const kind = panel.series ? String(row[panel.series] ?? "") : "";
    return start === undefined ? [] : [{ row, start, stop, kind, lane: shown(lane, row[lane.name] ?? null) }];
  });
  const starts = pieces.map((piece) => piece.start);
  const first = zoom?.[0] ?? Math.min(...starts);
  const last = zoom?.[1] ?? Math.max(...pieces.map((piece) => piece.stop ?? piece.start), eventTime ?? 0);
  const span = Math.max(1000, last - first);
  const found = [...new Set(pieces.map((piece) => piece.kind))].sort();
  const kinds = inOrder(answer.wanted(panel.series ?? ""), found, (kind) => kind);
  const lanes = [...new Set(pieces.map((piece) => piece.lane))].sort(compare);
  const colour = (kind: string) => {
    const tone = toneOf(answer.wanted(panel.series ?? ""), kind);
    return `var(--${lineColour(tone ? { tone } : {}, kinds.indexOf(kind))})`;
  };
  const percent = (ms: number) => Math.max(0, Math.min(100, ((ms - first) / span) * 100));

  return (
    <div className={css.timeline}>
      <ul className={css.lanes} aria-label={panel.title}>
        {lanes.map((name) => (
          <li key={name} className={css.lane}>
            <span className={css.name}>{name}</span>
            <span className={css.track}>
              {pieces
                .filter((piece) => piece.lane === name)
                .map((piece) => {
                  const point = end === undefined;
                  const open = !point && piece.stop === undefined;
                  const width = point ? undefined : `${percent(piece.stop ?? last) - percent(piece.start)}%`;
                  const text = `${name} ${piece.kind} ${moment(piece.start)}${
                    piece.stop ? ` to ${clock(piece.stop)}` : open ? ", goes on" : ""
                  }`;
                  return (
                    <button
                      key={`${piece.start}${piece.kind}`}
                      type="button"
                      className={`${point ? css.point : css.piece} ${open ? "provisional" : ""}`}
                      style={{
                        left: `${percent(piece.start)}%`,
                        width,
                        backgroundColor: colour(piece.kind),
                      }}
                      title={text}
                      aria-label={text}
                      onClick={() =>
                        onAsk({
                          name,
                          value: piece.kind || moment(piece.start),
                          time: piece.start,
                          provisional: open,
                          rows: [piece.row],
                          columns: held.columns,
                        })
                      }
                    />
                  );
                })}
            </span>
          </li>
        ))}
      </ul>
      <div className={css.axis}>
        <span>{clock(first)}</span>
        <span>{clock(first + span / 2)}</span>
        <span>{clock(last)}</span>
      </div>
      {panel.series && (
        <ul className={css.kinds}>
          {kinds.map((kind) => (
            <li key={kind}>
              <i style={{ background: colour(kind) }} />
              {kind}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
