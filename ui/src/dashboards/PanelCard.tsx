import { Bell } from "lucide-react";
import type { ComponentType, ReactNode } from "react";
import { Go } from "../pieces/Go";
import { KeyFigure } from "../pieces/KeyFigure";
import { Waiting } from "../pieces/States";
import { useLink } from "../push/useWatch";
import { number } from "../text/number";
import { Answered } from "./Answered";
import type { Asked } from "./asked";
import type { Kind, Panel } from "./model";
import css from "./Panel.module.css";
import { BarPanel } from "./panels/BarPanel";
import { HeatMapPanel } from "./panels/HeatMapPanel";
import { KeyFigurePanel } from "./panels/KeyFigurePanel";
import { LinePanel } from "./panels/LinePanel";
import { MapPanel } from "./panels/MapPanel";
import type { PanelProps } from "./panels/props";
import { TablePanel } from "./panels/TablePanel";
import { TimelinePanel } from "./panels/TimelinePanel";
import { useMarks } from "./useMarks";
import { type Chosen, usePanelTopic } from "./usePanelTopic";

const KINDS: Record<Exclude<Kind, "text">, ComponentType<PanelProps>> = {
  "key-figure": KeyFigurePanel,
  line: LinePanel,
  bar: BarPanel,
  table: TablePanel,
  heatmap: HeatMapPanel,
  timeline: TimelinePanel,
  map: MapPanel,
};

export const UNIT = 80;
export const GAP = 12;
const HEAD = 36;

export function heightOf(panel: Panel): number {
  const units = panel.height ?? 3;
  return units * UNIT + (units - 1) * GAP;
}

interface Props {
  panel: Panel;
  chosen: Chosen;
  sync: string;
  zoom: readonly [number, number] | undefined;
  onZoom: (from: number, to: number) => void;
  onAsk: (panel: Panel, asked: Asked) => void;
  /** In its head, while the dashboard is edited. */
  acts?: ReactNode;
}

/** A panel in its frame. Key figures and tables say their titles themselves. */
export function PanelCard({ panel, chosen, onAsk, acts, ...shared }: Props) {
  const { state } = useLink();
  const { marks, rules, firing } = useMarks(panel, chosen);
  const bare = !acts && (panel.kind === "key-figure" || panel.kind === "table");
  const height = heightOf(panel) - (bare ? 0 : HEAD) - 2;
  return (
    <article className={`${css.panel} ${state === "lost" ? css.stale : ""}`} aria-label={panel.title}>
      {!bare && (
        <header className={css.head} title={panel.description || undefined}>
          <h2>{panel.title}</h2>
          {panel.kind === "line" && <small>{panel.columns?.[0]?.unit}</small>}
          {rules.map((rule) => (
            <Go
              key={rule}
              href={`/alerts/${encodeURIComponent(rule)}`}
              className={`${css.rule} ${firing > 0 ? css.fires : ""}`}
              title={`Incidents of ${rule} are marked`}
            >
              <Bell size={12} aria-hidden="true" />
              <span className="unseen">Rule {rule}</span>
              {firing > 0 && rules.length === 1 && `${number(firing)} firing`}
            </Go>
          ))}
          {acts && <div className={css.acts}>{acts}</div>}
        </header>
      )}
      <div className={css.body}>
        <Content
          panel={panel}
          chosen={chosen}
          height={height}
          titled={bare}
          marks={marks}
          {...shared}
          onAsk={(asked) => onAsk(panel, asked)}
        />
      </div>
    </article>
  );
}

/** What a panel will be, before its answer has come: as large, with its title. */
function placeOf(panel: Panel, height: number, titled: boolean): ReactNode {
  if (panel.kind === "key-figure") {
    return (
      <KeyFigure label={titled ? panel.title : ""} value={undefined} note={panel.description || undefined} waiting />
    );
  }
  if (panel.kind !== "table") return <Waiting height={height} />;
  return (
    <>
      {titled && <h2 className={css.titled}>{panel.title}</h2>}
      <Waiting height={height - (titled ? HEAD : 0)} shape="rows" />
    </>
  );
}

type Shared = Pick<PanelProps, "sync" | "zoom" | "onZoom" | "onAsk" | "titled" | "marks">;

interface ContentProps extends Shared {
  panel: Panel;
  chosen: Chosen;
  height: number;
}

function Content({ panel, chosen, height, ...shared }: ContentProps) {
  const topic = usePanelTopic(panel, chosen);
  if (panel.kind === "text") {
    const paragraphs = (panel.text ?? "").split(/\n\s*\n/);
    return (
      <div className={css.text}>
        {paragraphs.map((paragraph, at) => (
          <p key={at}>{paragraph}</p>
        ))}
      </div>
    );
  }
  if (!topic)
    return panel.saved ? (
      placeOf(panel, height, shared.titled)
    ) : (
      <p className={css.empty}>This panel asks nothing yet.</p>
    );
  const Picture = KINDS[panel.kind as keyof typeof KINDS] ?? TablePanel;
  return (
    <Answered
      topic={topic}
      height={height}
      title={shared.titled && panel.kind === "table" ? panel.title : undefined}
      empty={panel.open ? "No window is open." : undefined}
      waiting={placeOf(panel, height, shared.titled)}
    >
      {(held) => <Picture panel={panel} held={held} height={height} {...shared} />}
    </Answered>
  );
}
