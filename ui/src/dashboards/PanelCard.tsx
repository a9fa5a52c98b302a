import { Pencil } from "lucide-react";
import type { ComponentType } from "react";
import { Button } from "../pieces/Button";
import { Waiting } from "../pieces/States";
import { useLink } from "../push/useWatch";
import { Answered } from "./Answered";
import type { Asked } from "./asked";
import type { Kind, Panel } from "./model";
import css from "./Panel.module.css";
import { BarPanel } from "./panels/BarPanel";
import { HeatMapPanel } from "./panels/HeatMapPanel";
import { KeyFigurePanel } from "./panels/KeyFigurePanel";
import { LinePanel } from "./panels/LinePanel";
import type { PanelProps } from "./panels/props";
import { TablePanel } from "./panels/TablePanel";
import { TimelinePanel } from "./panels/TimelinePanel";
import { type Chosen, usePanelTopic } from "./usePanelTopic";

const KINDS: Record<Exclude<Kind, "text">, ComponentType<PanelProps>> = {
  "key-figure": KeyFigurePanel,
  line: LinePanel,
  bar: BarPanel,
  table: TablePanel,
  heatmap: HeatMapPanel,
  timeline: TimelinePanel,
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
  onEdit?: ((panel: Panel) => void) | undefined;
}

/** A panel in its frame. Key figures and tables say their titles themselves. */
export function PanelCard({ panel, chosen, onAsk, onEdit, ...shared }: Props) {
  const { state } = useLink();
  const bare = panel.kind === "key-figure" || (panel.kind === "table" && !onEdit);
  const height = heightOf(panel) - (bare ? 0 : HEAD) - 2;
  return (
    <article className={`${css.panel} ${state === "lost" ? css.stale : ""}`} aria-label={panel.title}>
      {(!bare || onEdit) && (
        <header className={css.head} title={panel.description || undefined}>
          <h2>{panel.title}</h2>
          {panel.kind === "line" && <small>{panel.columns?.[0]?.unit}</small>}
          {onEdit && (
            <div className={css.acts}>
              <Button look="plain" aria-label={`Edit ${panel.title}`} onClick={() => onEdit(panel)}>
                <Pencil size={14} />
              </Button>
            </div>
          )}
        </header>
      )}
      <div className={css.body}>
        <Content
          panel={panel}
          chosen={chosen}
          height={height}
          titled={bare}
          {...shared}
          onAsk={(asked) => onAsk(panel, asked)}
        />
      </div>
    </article>
  );
}

type Shared = Pick<PanelProps, "sync" | "zoom" | "onZoom" | "onAsk" | "titled">;

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
    return panel.saved ? <Waiting height={height} /> : <p className={css.empty}>This panel asks nothing yet.</p>;
  const Picture = KINDS[panel.kind as keyof typeof KINDS] ?? TablePanel;
  return (
    <Answered topic={topic} height={height} empty={panel.open ? "No window is open." : undefined}>
      {(held) => <Picture panel={panel} held={held} height={height} {...shared} />}
    </Answered>
  );
}
