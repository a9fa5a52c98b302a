import { useState } from "react";
import { Button } from "../../pieces/Button";
import { useAlerts } from "../../api/alerts";
import { AreaField, ChoiceField, Form, TextField, Tick, Ticks } from "../../pieces/Form";
import { Sheet } from "../../pieces/Sheet";
import type { Kind, Panel } from "../model";
import { PanelCard } from "../PanelCard";
import type { Chosen } from "../usePanelTopic";
import own from "./Editor.module.css";

const KINDS: { value: Kind; label: string }[] = [
  { value: "line", label: "Lines over time" },
  { value: "key-figure", label: "Key figure" },
  { value: "bar", label: "Bars" },
  { value: "table", label: "Table" },
  { value: "heatmap", label: "Heat map" },
  { value: "timeline", label: "Timeline" },
  { value: "map", label: "Map" },
  { value: "text", label: "Text" },
];
const EMPTY: Panel = { id: "", title: "", kind: "line", query: "", width: 6, height: 3 };

interface Props {
  /** Undefined for a new one. */
  panel: Panel | undefined;
  chosen: Chosen;
  onKeep: (panel: Panel) => void;
  onRemove: (id: string) => void;
  onCancel: () => void;
}

/** A panel's members, with what they give beside them. */
export function PanelForm({ panel, chosen, onKeep, onRemove, onCancel }: Props) {
  const [held, setHeld] = useState<Panel>(panel ?? EMPTY);
  const [tried, setTried] = useState<Panel>(held);
  const change = (part: Partial<Panel>) => setHeld({ ...held, ...part });
  const first = held.columns?.[0];
  const setUnit = (unit: string) => {
    const [column, ...others] = held.columns ?? [];
    if (column) change({ columns: [{ ...column, unit }, ...others] });
  };
  // incidents are marked in lines alone
  const setKind = (kind: Kind) => change({ kind, ...(kind === "line" ? {} : { alerts: [] }) });
  const footer = (
    <>
      {panel && (
        <Button look="danger" className={own.remove} onClick={() => onRemove(panel.id)}>
          Remove the panel
        </Button>
      )}
      <Button onClick={onCancel}>Cancel</Button>
      <Button look="main" disabled={!held.title.trim()} onClick={() => onKeep(held)}>
        {panel ? "Keep" : "Add"}
      </Button>
    </>
  );
  return (
    <Sheet title={panel ? `Edit ${panel.title}` : "A new panel"} open onClose={onCancel} footer={footer}>
      <Form>
        <TextField label="Title" value={held.title} onChange={(title) => change({ title })} />
        <ChoiceField label="Kind" value={held.kind as Kind} options={KINDS} onChange={setKind} />
        {held.kind === "text" ? (
          <AreaField label="Text" value={held.text ?? ""} onChange={(text) => change({ text })} />
        ) : (
          <>
            {!held.open && (
              <AreaField
                label="Question"
                value={held.query ?? ""}
                onChange={(query) => change({ query })}
                note="A SELECT over tables, views and topics. $range is the chosen time range in ms, $NAME a variable."
              />
            )}
            {!held.query && (
              <TextField label="Or open windows of" value={held.open ?? ""} onChange={(open) => change({ open })} />
            )}
            <TextField label="x" value={held.x ?? ""} onChange={(x) => change({ x })} />
            <TextField label="Series" value={held.series ?? ""} onChange={(series) => change({ series })} />
            {first && <TextField label={`Unit of ${first.name}`} value={first.unit ?? ""} onChange={setUnit} />}
            {held.kind === "line" && <Marked panel={held} onChange={(alerts) => change({ alerts })} />}
            <TextField label="Leads to" value={held.drill ?? ""} onChange={(drill) => change({ drill })} />
            <div className={own.hint}>
              <Button onClick={() => setTried(held)}>Show what it gives</Button>
            </div>
            <div className={own.preview}>
              <PanelCard
                panel={{ ...tried, height: 3 }}
                chosen={chosen}
                sync="preview"
                zoom={undefined}
                onZoom={() => undefined}
                onAsk={() => undefined}
              />
            </div>
          </>
        )}
      </Form>
    </Sheet>
  );
}

/** The rules whose incidents the panel marks. */
function Marked({ panel, onChange }: { panel: Panel; onChange: (alerts: NonNullable<Panel["alerts"]>) => void }) {
  const { data: rules = [] } = useAlerts();
  const alerts = panel.alerts ?? [];
  if (rules.length === 0) return null;
  return (
    <Ticks label="Incidents to mark">
      {rules.map(({ name }) => (
        <Tick
          key={name}
          label={name}
          checked={alerts.some(({ rule }) => rule === name)}
          onChange={(on) => onChange(on ? [...alerts, { rule: name }] : alerts.filter(({ rule }) => rule !== name))}
        />
      ))}
    </Ticks>
  );
}
