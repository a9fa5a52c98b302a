import { Maximize, Minus, Plus } from "lucide-react";
import { type PointerEvent, type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "./Button";
import css from "./Zoomed.module.css";
import { bounded, fitting, type Point, STEP } from "./zoom";

interface Props {
  label: string;
  /** Of what is shown, at its full size, px. */
  width: number;
  height: number;
  children: ReactNode;
}

/** What is left free beside it, and above and below it: there the buttons are, and a scroll bar. px. */
const AROUND = 24;
const BELOW = 48;

/** A picture that may be larger than its place: dragged or scrolled about, and made smaller and larger by the buttons,
 * by + - and 0, by Ctrl and the wheel, or by two fingers. What is below the pointer stays there. */
export function Zoomed({ label, width, height, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const held = useRef<{ zoom: number; still: Point }>({ zoom: 1, still: { x: 0, y: 0 } });

  /** `at` in px from the corner of the place; by default its middle. */
  const zoomTo = useCallback((next: number, at?: Point) => {
    const place = box.current;
    if (!place) return;
    held.current.still = at ?? { x: place.clientWidth / 2, y: place.clientHeight / 2 };
    setZoom(bounded(next));
  }, []);
  useLayoutEffect(() => {
    const place = box.current;
    const { zoom: before, still } = held.current;
    if (!place || before === zoom) return;
    const ratio = zoom / before;
    place.scrollLeft = (place.scrollLeft + still.x) * ratio - still.x;
    place.scrollTop = (place.scrollTop + still.y) * ratio - still.y;
    held.current.zoom = zoom;
  }, [zoom]);
  useFingers(box, held, zoomTo);

  const fit = () => {
    const place = box.current;
    if (!place) return;
    const room = { width: place.clientWidth - AROUND, height: place.clientHeight - BELOW };
    zoomTo(fitting(room, { width, height }), { x: 0, y: 0 });
  };
  const keys: Record<string, () => void> = {
    "+": () => zoomTo(zoom * STEP),
    "=": () => zoomTo(zoom * STEP),
    "-": () => zoomTo(zoom / STEP),
    "0": fit,
    "1": () => zoomTo(1),
  };
  return (
    <div className={css.frame}>
      <div
        ref={box}
        className={css.place}
        tabIndex={0}
        role="group"
        aria-label={label}
        aria-keyshortcuts="+ - 0 1"
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
          event.preventDefault();
          keys[event.key]?.();
        }}
        onPointerDown={drag}
        style={{ height: height + BELOW }}
      >
        <div style={{ width: width * zoom, height: height * zoom }}>
          <div className={css.picture} style={{ width, height, transform: zoom === 1 ? undefined : `scale(${zoom})` }}>
            {children}
          </div>
        </div>
      </div>
      <div className={css.tools} role="group" aria-label="Size of the picture">
        <Button look="plain" aria-label="Smaller" onClick={() => zoomTo(zoom / STEP)}>
          <Minus size={14} />
        </Button>
        <Button look="plain" aria-label="Full size" onClick={() => zoomTo(1)}>
          {Math.round(zoom * 100)}&thinsp;%
        </Button>
        <Button look="plain" aria-label="Larger" onClick={() => zoomTo(zoom * STEP)}>
          <Plus size={14} />
        </Button>
        <Button look="plain" aria-label="Fit all of it" onClick={fit}>
          <Maximize size={14} />
        </Button>
      </div>
    </div>
  );
}

/** A mouse takes hold of the picture between what can be clicked; fingers scroll it as they do everywhere. */
function drag(event: PointerEvent<HTMLDivElement>) {
  const place = event.currentTarget;
  if (event.pointerType !== "mouse" || event.button !== 0 || (event.target as Element).closest("a, button")) return;
  const from = { x: event.clientX + place.scrollLeft, y: event.clientY + place.scrollTop };
  place.setPointerCapture(event.pointerId);
  place.onpointermove = (move) => place.scrollTo(from.x - move.clientX, from.y - move.clientY);
  place.onpointerup = place.onpointercancel = () => {
    place.onpointermove = null;
  };
}

/** The wheel with Ctrl, which is what two fingers on a touchpad are too, and two fingers on a screen. */
function useFingers(
  box: { current: HTMLDivElement | null },
  held: { current: { zoom: number } },
  zoomTo: (next: number, at: Point) => void,
) {
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const within = (x: number, y: number): Point => {
      const corner = place.getBoundingClientRect();
      return { x: x - corner.left, y: y - corner.top };
    };
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault(); // the browser would make all of the page larger
      zoomTo(held.current.zoom * Math.exp(-event.deltaY / 300), within(event.clientX, event.clientY));
    };
    let apart = 0;
    const fingers = (event: TouchEvent) => {
      const [one, other] = event.touches;
      if (!one || !other) {
        apart = 0;
        return;
      }
      event.preventDefault();
      const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const middle = within((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2);
      if (apart > 0 && now > 0) zoomTo((held.current.zoom * now) / apart, middle);
      apart = now;
    };
    place.addEventListener("wheel", wheel, { passive: false });
    for (const kind of ["touchstart", "touchmove", "touchend"] as const) {
      place.addEventListener(kind, fingers, { passive: false });
    }
    return () => {
      place.removeEventListener("wheel", wheel);
      for (const kind of ["touchstart", "touchmove", "touchend"] as const) place.removeEventListener(kind, fingers);
    };
  }, [box, held, zoomTo]);
}
