import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Cell } from "./Cell";
import { compare, exact, isNumeric, isTime, shown, type TableColumn, type TableRow } from "./column";
import css from "./DataTable.module.css";
import { zone } from "../text/time";
import { TableTools } from "./TableTools";

export interface Sort {
  column: string;
  descending: boolean;
}

interface Props {
  label: string;
  /** Above the table, where it is not said elsewhere. */
  title?: string;
  columns: readonly TableColumn[];
  rows: readonly TableRow[];
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  /** A row that is not final yet wears the hatch. */
  isProvisional?: (row: TableRow) => boolean;
  onOpen?: (row: TableRow) => void;
  /** Of the table in px; without it the table is as high as its rows, up to 480. */
  height?: number;
  empty?: ReactNode;
  /** Beside the tools, at the left. */
  children?: ReactNode;
}

const ROW = 32;
const HEAD = 32;
/** Of so many rows the longest text says how wide a column is, in steps of px, so that moving numbers move nothing. */
const LOOKED_AT = 50;
const STEP = 24;
const WIDEST = 200;
/** Units that each value says itself. */
const IN_CELLS = new Set(["bytes", "count", "duration", "moment"]);

/** Rows in columns: virtual, sortable, with a choice of columns, copying and CSV. Arrow keys move from cell to cell. */
export function DataTable({
  label,
  columns,
  rows,
  isProvisional,
  onOpen,
  height,
  empty,
  children,
  title,
  ...given
}: Props) {
  const [own, setOwn] = useState<Sort | undefined>(given.sort);
  const sort = given.onSort ? given.sort : own;
  const setSort = given.onSort ?? setOwn;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(
    () => new Set(columns.filter((column) => column.hidden).map((column) => column.name)),
  );
  const visible = useMemo(() => columns.filter((column) => !hidden.has(column.name)), [columns, hidden]);
  const sorted = useMemo(() => sortedBy(rows, sort), [rows, sort]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const [at, move] = useCursor(scroller, sorted.length, visible.length, (row) => virtual.scrollToIndex(row));
  const firstTime = visible.find(isTime);
  const widths = visible.map((column) => widthOf(column, rows));
  const tracks = {
    gridTemplateColumns: widths.map(trackOf).join(" "),
    minWidth: widths.reduce((sum, [least]) => sum + least, 0),
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const row = sorted[at.row];
    const column = visible[at.column];
    if (!row || !column) return;
    if (event.key === "Enter" && event.target instanceof HTMLAnchorElement) return;
    if (event.key === "Enter" && onOpen) onOpen(row);
    else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !window.getSelection()?.toString()) {
      const whole = event.shiftKey ? visible.map((one) => exact(row[one.name])).join("\t") : exact(row[column.name]);
      void navigator.clipboard.writeText(whole);
    } else move(event);
  };

  return (
    <div className={css.frame}>
      <TableTools label={label} columns={columns} rows={sorted} visible={visible} hidden={hidden} setHidden={setHidden}>
        {title && <h2>{title}</h2>}
        {children}
      </TableTools>
      <div
        ref={scroller}
        className={css.scroller}
        style={{ height: sorted.length === 0 ? HEAD + 2 : (height ?? Math.min(480, HEAD + sorted.length * ROW + 2)) }}
        role="grid"
        aria-label={label}
        aria-rowcount={sorted.length + 1}
        aria-colcount={visible.length}
        tabIndex={-1}
        onKeyDown={onKeyDown}
      >
        <div className={css.head} role="row" aria-rowindex={1} style={tracks}>
          {visible.map((column) => (
            <Heading
              key={column.name}
              column={column}
              unit={column === firstTime ? zone() : unitOf(column)}
              sort={sort}
              setSort={setSort}
            />
          ))}
        </div>
        <div className={css.body} role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: tracks.minWidth }}>
          {virtual.getVirtualItems().map((item) => {
            const row = sorted[item.index];
            if (!row) return null;
            const provisional = isProvisional?.(row) ?? false;
            return (
              <div
                key={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                className={`${css.row} ${provisional ? "provisional" : ""} ${onOpen ? css.opens : ""}`}
                style={{ ...tracks, transform: `translateY(${item.start}px)` }}
                onClick={onOpen && (() => onOpen(row))}
              >
                {visible.map((column, place) => (
                  <Cell
                    key={column.name}
                    column={column}
                    row={row}
                    place={`${item.index}:${place}`}
                    current={item.index === at.row && place === at.column}
                  />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {sorted.length === 0 && <div className={css.empty}>{empty ?? "No rows."}</div>}
    </div>
  );
}

function sortedBy(rows: readonly TableRow[], sort: Sort | undefined): readonly TableRow[] {
  if (!sort) return rows;
  const { column, descending } = sort;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (x === null || y === null) return compare(x, y);
    return descending ? compare(y, x) : compare(x, y);
  });
}

/** How wide a column is at least, px, and what share of the rest it takes. */
function widthOf(column: TableColumn, rows: readonly TableRow[]): [number, number] {
  if (column.width) return [column.width, 0];
  if (isTime(column)) return [204, 0.6];
  const longest = Math.max(0, ...rows.slice(0, LOOKED_AT).map((row) => shown(column, row[column.name] ?? null).length));
  const content = Math.ceil((longest * 7.6 + 28) / STEP) * STEP;
  if (!isNumeric(column)) return [Math.min(WIDEST, Math.max(128, content)), 1];
  return [Math.max(84, content, column.label.length * 7.2 + (column.unit ? 52 : 36)), 0.6];
}

function trackOf([least, share]: [number, number]): string {
  return share === 0 ? `${least}px` : `minmax(${least}px, ${share}fr)`;
}

const unitOf = ({ unit }: TableColumn): string | undefined => (unit && !IN_CELLS.has(unit) ? unit : undefined);

interface HeadingProps {
  column: TableColumn;
  /** Of its values; of the first moments of a table the zone that all of them are shown in. */
  unit: string | undefined;
  sort: Sort | undefined;
  setSort: (sort: Sort) => void;
}

function Heading({ column, unit, sort, setSort }: HeadingProps) {
  const mine = sort?.column === column.name ? sort : undefined;
  const next = { column: column.name, descending: mine ? !mine.descending : isNumeric(column) };
  return (
    <div
      role="columnheader"
      className={`${css.heading} ${isNumeric(column) ? css.end : ""}`}
      aria-sort={mine ? (mine.descending ? "descending" : "ascending") : "none"}
      tabIndex={-1}
    >
      <button type="button" onClick={() => setSort(next)} title={column.type}>
        <span>{column.label}</span>
        {unit && <small>{unit}</small>}
        {mine && (mine.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} />)}
      </button>
    </div>
  );
}

interface Cursor {
  row: number;
  column: number;
}

/** Which cell the keyboard is at: one of them can be reached with Tab, arrows go on from there. */
function useCursor(
  scroller: { current: HTMLDivElement | null },
  rows: number,
  columns: number,
  reveal: (row: number) => void,
): [Cursor, (event: KeyboardEvent) => void] {
  const [at, setAt] = useState<Cursor>({ row: 0, column: 0 });
  const moved = useRef(false);
  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    const find = () => scroller.current?.querySelector<HTMLElement>(`[data-place="${at.row}:${at.column}"]`)?.focus();
    requestAnimationFrame(find);
  }, [at, scroller]);
  const steps: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-12, 0],
    PageDown: [12, 0],
    Home: [0, -columns],
    End: [0, columns],
  };
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (!step || !(event.target as HTMLElement).dataset.place) return;
    event.preventDefault();
    const next = {
      row: Math.max(0, Math.min(rows - 1, at.row + step[0])),
      column: Math.max(0, Math.min(columns - 1, at.column + step[1])),
    };
    moved.current = true;
    reveal(next.row);
    setAt(next);
  };
  return [
    { row: Math.min(at.row, Math.max(0, rows - 1)), column: Math.min(at.column, Math.max(0, columns - 1)) },
    move,
  ];
}
