import { useLayoutEffect, useRef, useState } from "react";
import { number } from "../text/number";
import { Go } from "./Go";
import { lineColour, type Tone } from "./ink";
import css from "./PlaceMap.module.css";
import { drawn, type Place, roundLength, type Side, sides } from "./place";

export interface Spot extends Place {
  name: string;
  shown: string;
  tone?: Tone | undefined;
  href?: string | undefined;
  provisional?: boolean;
}

interface Props {
  label: string;
  spots: readonly Spot[];
  height: number;
  onAsk?: ((spot: Spot) => void) | undefined;
}

const MARGIN = { x: 64, y: 36 };
const LONGEST = 120;
const LINES = 48;

/** Places where they are, with a value each: north is above, and the length of a line is said. Nothing is fetched. */
export function PlaceMap({ label, spots, height, onAsk }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [placed, setPlaced] = useState<(Side | undefined)[]>([]);
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);

  const { points, scale } = drawn(spots, width, height, MARGIN);
  const words = spots.map((spot) => `${spot.name}\u0000${spot.shown}`).join("\u0001");
  const where = points.map(({ x, y }) => `${Math.round(x)},${Math.round(y)}`).join(" ");
  useLayoutEffect(() => {
    const names = [...(host.current?.querySelectorAll<HTMLElement>("[data-name]") ?? [])];
    const sizes = names.map((one) => ({ width: one.offsetWidth, height: one.offsetHeight }));
    setPlaced(sides(points, sizes, { width, height }));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- names move when they or their places change, not each time
  }, [words, where, width, height]);

  const metres = roundLength(scale, LONGEST);
  return (
    <div ref={host} className={css.map} style={{ height }}>
      <svg aria-hidden="true" width={width} height={height}>
        {grid(width).map((x) => (
          <line key={`x${x}`} x1={x} x2={x} y1={0} y2={height} />
        ))}
        {grid(height).map((y) => (
          <line key={`y${y}`} x1={0} x2={width} y1={y} y2={y} />
        ))}
      </svg>
      <ul aria-label={label} className="figures">
        {spots.map((spot, at) => {
          const inside = (
            <>
              <i
                className={`${css.dot} ${spot.provisional ? "provisional" : ""}`}
                style={{ backgroundColor: `var(--${lineColour(spot, 0)})` }}
              />
              <span className={`${css.name} ${css[placed[at] ?? "hidden"]}`} data-name>
                {spot.name} <b>{spot.shown}</b>
              </span>
            </>
          );
          const title = `${spot.name}: ${spot.shown} (${degrees(spot)})`;
          return (
            <li key={`${at} ${spot.name}`} style={{ left: points[at]?.x, top: points[at]?.y }}>
              {spot.href ? (
                <Go className={css.spot} href={spot.href} title={title}>
                  {inside}
                </Go>
              ) : (
                <button type="button" className={css.spot} title={title} onClick={() => onAsk?.(spot)}>
                  {inside}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <div className={css.scale} aria-hidden="true">
        <span className={css.north}>N ↑</span>
        <span style={{ width: metres * scale }} className={css.length}>
          {metres >= 1000 ? `${number(metres / 1000)} km` : `${number(metres)} m`}
        </span>
      </div>
    </div>
  );
}

function grid(length: number): number[] {
  const first = (length / 2) % LINES;
  return Array.from({ length: Math.max(0, Math.floor((length - first) / LINES) + 1) }, (_, at) => first + at * LINES);
}

function degrees({ latitude, longitude }: Place): string {
  const north = `${Math.abs(latitude).toFixed(4)}° ${latitude < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(longitude).toFixed(4)}° ${longitude < 0 ? "W" : "E"}`;
}
