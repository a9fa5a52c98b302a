import { Empty } from "../pieces/States";
import { NOTHING, type Watched } from "../push/watched";
import { BarPanel } from "../dashboards/panels/BarPanel";
import { LinePanel } from "../dashboards/panels/LinePanel";
import { panelOf } from "./panelOf";

const MOST_BARS = 40;

/** An answer as a picture: lines over its first moment, else bars for its first name. Loaded when it is asked for. */
export default function AnswerChart({ answer, height }: { answer: Pick<Watched, "columns" | "rows">; height: number }) {
  const panel = panelOf(answer.columns);
  if (!panel) {
    return <Empty title="No chart">A chart needs a column of numbers, beside one of moments or names.</Empty>;
  }
  const bars = panel.kind === "bar";
  const held = { ...NOTHING, ...answer, rows: bars ? answer.rows.slice(0, MOST_BARS) : answer.rows };
  const none = () => undefined;
  const shared = { panel, held, height, titled: false, sync: "answer", zoom: undefined, onZoom: none, onAsk: none };
  return bars ? <BarPanel {...shared} /> : <LinePanel {...shared} />;
}
