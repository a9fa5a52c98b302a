import { useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Pencil, Plus } from "lucide-react";
import { useState } from "react";
import { useSaveDashboard } from "../../api/dashboards";
import { Button } from "../../pieces/Button";
import { Conflict } from "../../pieces/Conflict";
import { Failure } from "../../pieces/States";
import { placeOf } from "../DashboardView";
import css from "../DashboardView.module.css";
import type { Dashboard, Panel } from "../model";
import { GAP, PanelCard, UNIT } from "../PanelCard";
import type { Chosen } from "../usePanelTopic";
import { freshName, moved, put, sized, without } from "./draft";
import own from "./Editor.module.css";
import { PanelForm } from "./PanelForm";

interface Props {
  name: string;
  dashboard: Dashboard;
  /** Of the file as it was read. */
  tag: string;
  chosen: Chosen;
  onDone: () => void;
}

/** A dashboard being edited: panels are dragged, resized, added and changed; nothing is saved before one says so. */
export function Editor({ name, dashboard, tag, chosen, onDone }: Props) {
  const [draft, setDraft] = useState(dashboard);
  const [form, setForm] = useState<Panel | "new" | undefined>();
  const [dragged, setDragged] = useState<string | undefined>();
  const save = useSaveDashboard(name);
  const changed = draft !== dashboard;
  const queries = useQueryClient();
  const takeTheirs = () => {
    void queries.invalidateQueries({ queryKey: ["dashboards", name] });
    onDone();
  };
  const submit = (over: string) => save.mutate({ dashboard: draft, tag: over }, { onSuccess: onDone });

  return (
    <div className={own.editor}>
      <div className={own.bar}>
        <input
          className={own.title}
          aria-label="Title"
          value={draft.title}
          onChange={(event) => setDraft({ ...draft, title: event.target.value })}
        />
        <Button onClick={() => setForm("new")}>
          <Plus size={14} />
          Add a panel
        </Button>
        <span className={own.note}>
          saves to <code>dashboards/{name}.toml</code>
        </span>
        <Button onClick={onDone}>{changed ? "Discard" : "Close"}</Button>
        <Button look="main" disabled={!changed || save.isPending} onClick={() => submit(tag)}>
          Save
        </Button>
      </div>
      {save.difference !== undefined && (
        <Conflict difference={save.difference} onKeepMine={() => submit("now")} onTakeTheirs={takeTheirs} />
      )}
      {save.error && save.difference === undefined && <Failure error={save.error} />}
      <div className={css.grid}>
        {draft.panels.map((panel, at) => (
          <div
            key={panel.id}
            className={`${css.place} ${own.place} ${dragged === panel.id ? own.dragged : ""}`}
            data-kind={panel.kind}
            style={placeOf(panel)}
            draggable
            onDragStart={() => setDragged(panel.id)}
            onDragEnd={() => setDragged(undefined)}
            onDragOver={(event) => event.preventDefault()}
            onDragEnter={() => dragged && dragged !== panel.id && setDraft(moved(draft, dragged, at))}
          >
            <PanelCard
              panel={panel}
              chosen={chosen}
              sync={name}
              zoom={undefined}
              onZoom={() => undefined}
              onAsk={() => setForm(panel)}
              acts={
                <>
                  <Button
                    look="plain"
                    aria-label={`Move ${panel.title} earlier`}
                    onClick={() => setDraft(moved(draft, panel.id, at - 1))}
                  >
                    <ChevronLeft size={14} />
                  </Button>
                  <Button
                    look="plain"
                    aria-label={`Move ${panel.title} later`}
                    onClick={() => setDraft(moved(draft, panel.id, at + 1))}
                  >
                    <ChevronRight size={14} />
                  </Button>
                  <Button look="plain" aria-label={`Edit ${panel.title}`} onClick={() => setForm(panel)}>
                    <Pencil size={14} />
                  </Button>
                </>
              }
            />
            <Grip panel={panel} onSize={(width, height) => setDraft(sized(draft, panel.id, width, height))} />
          </div>
        ))}
      </div>
      {form && (
        <PanelForm
          panel={form === "new" ? undefined : form}
          chosen={chosen}
          onCancel={() => setForm(undefined)}
          onRemove={(id) => {
            setDraft(without(draft, id));
            setForm(undefined);
          }}
          onKeep={(panel) => {
            const id =
              panel.id ||
              freshName(
                panel.title,
                draft.panels.map((one) => one.id),
              );
            setDraft(put(draft, { ...panel, id }, form === "new" ? undefined : form.id));
            setForm(undefined);
          }}
        />
      )}
    </div>
  );
}

interface GripProps {
  panel: Panel;
  onSize: (width: number, height: number) => void;
}

/** The corner that resizes a panel: by dragging, or with the arrow keys. */
function Grip({ panel, onSize }: GripProps) {
  const width = panel.width ?? 6;
  const height = panel.height ?? 3;
  const steps: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };
  return (
    <button
      type="button"
      className={own.grip}
      aria-label={`Size of ${panel.title}: ${width} wide, ${height} high. Arrow keys change it`}
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        onSize(width + step[0], height + step[1]);
      }}
      onPointerDown={(event) => {
        const grip = event.currentTarget;
        const box = grip.parentElement?.getBoundingClientRect();
        if (!box) return;
        const column = (box.width + GAP) / width;
        grip.setPointerCapture(event.pointerId);
        grip.onpointermove = (move) =>
          onSize((move.clientX - box.left + GAP) / column, (move.clientY - box.top + GAP) / (UNIT + GAP));
        grip.onpointerup = () => {
          grip.onpointermove = null;
        };
      }}
    />
  );
}
