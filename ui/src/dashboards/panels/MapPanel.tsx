import { numberOf, shown } from "../../pieces/column";
import { isOnEarth } from "../../pieces/place";
import { PlaceMap, type Spot } from "../../pieces/PlaceMap";
import { withUnit } from "../../text/number";
import { filled, toneOf } from "../model";
import css from "../Panel.module.css";
import { isProvisional } from "../pivot";
import { answerOf, type PanelProps } from "./props";

/** A value for each place, where it is. */
export function MapPanel({ panel, held, height, onAsk }: PanelProps) {
  const answer = answerOf(panel, held);
  const longitude = answer.column(panel.x || "longitude");
  const latitude = answer.column(panel.y || "latitude");
  const names = answer.column(panel.series) ?? answer.columns.find((one) => one !== longitude && one !== latitude);
  const column = answer.drawn.find((one) => one !== longitude && one !== latitude && one !== names);
  if (!longitude || !latitude || !names || !column) {
    return <p className={css.empty}>A map needs a longitude (x), a latitude (y), a name (series) and a value.</p>;
  }
  const spots = answer.rows.flatMap((row) => {
    const place = { latitude: numberOf(row[latitude.name]), longitude: numberOf(row[longitude.name]) };
    if (!isOnEarth(place)) return [];
    const value = row[column.name] ?? null;
    const numeric = numberOf(value);
    const spot: Spot & { row: typeof row } = {
      row,
      ...place,
      name: shown(names, row[names.name] ?? null),
      shown: numeric === undefined ? shown(column, value) : withUnit(numeric, column.unit, column.decimals),
      tone: toneOf(answer.wanted(column.name), value),
      href: panel.drill ? filled(panel.drill, row) : undefined,
      provisional: isProvisional(row),
    };
    return [spot];
  });
  const lost = answer.rows.length - spots.length;
  const ask = ({ name, provisional = false }: Spot) => {
    const rows = spots.filter((one) => one.name === name).map((one) => one.row);
    const value = rows[0]?.[column.name] ?? null;
    onAsk({ name, value, unit: column.unit, provisional, rows, columns: held.columns });
  };
  const note = lost > 0 ? 24 : 0;
  return (
    <>
      <PlaceMap label={panel.title} spots={spots} height={height - note} onAsk={ask} />
      {note > 0 && (
        <p className={css.lost}>
          {lost} {lost === 1 ? "place has" : "places have"} no coordinates on earth.
        </p>
      )}
    </>
  );
}
