import css from "./HeatMap.module.css";

/** Above the columns there is room for so many names, on a phone too. */
const MOST_NAMES = 6;

interface Props {
  label: string;
  columns: readonly string[];
  rows: readonly string[];
  /** By row and column; undefined is no value. */
  value: (row: number, column: number) => number | undefined;
  shown: (value: number) => string;
  onAsk?: ((row: number, column: number) => void) | undefined;
}

/** How much, by two names: deeper is more. The number is in each cell for those who ask it. */
export function HeatMap({ label, columns, rows, value, shown, onAsk }: Props) {
  const all = rows.flatMap((_, row) => columns.map((_, column) => value(row, column) ?? 0));
  const most = Math.max(...all, 0) || 1;
  const step = Math.ceil(columns.length / MOST_NAMES);
  const template = `minmax(64px, max-content) repeat(${columns.length}, minmax(14px, 1fr))`;
  return (
    <div className={css.map} role="table" aria-label={label} style={{ gridTemplateColumns: template }}>
      <div className={css.line} role="row">
        <span role="columnheader" />
        {columns.map((name, at) => (
          <span key={name} role="columnheader" className={css.over}>
            <span className={at % step === 0 ? undefined : "unseen"}>{name}</span>
          </span>
        ))}
      </div>
      {rows.map((name, row) => (
        <div key={name} className={css.line} role="row">
          <span role="rowheader" className={css.beside}>
            {name}
          </span>
          {columns.map((column, at) => {
            const found = value(row, at);
            const title = `${name}, ${column}: ${found === undefined ? "none" : shown(found)}`;
            const depth = found === undefined ? 0 : 12 + (88 * found) / most;
            return (
              <span role="cell" key={column}>
                <button
                  type="button"
                  className={css.cell}
                  title={title}
                  aria-label={title}
                  disabled={found === undefined || !onAsk}
                  onClick={() => onAsk?.(row, at)}
                  style={{ backgroundColor: `color-mix(in oklab, var(--series-1) ${depth}%, var(--sunken))` }}
                />
              </span>
            );
          })}
        </div>
      ))}
    </div>
  );
}
