import css from "./Sparkline.module.css";

/** The course of a number, without axes; gaps are gaps. */
export function Sparkline({ values }: { values: (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  let pen = "M";
  const path = values
    .map((value, at) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const point = `${pen}${((at / (values.length - 1)) * 100).toFixed(1)} ${(22 - ((value - low) / span) * 20).toFixed(1)}`;
      pen = "L";
      return point;
    })
    .join("");
  return (
    <svg className={css.spark} viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
