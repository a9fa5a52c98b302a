import { Pause, Play, Square } from "lucide-react";
import { useState } from "react";
import { useAct } from "../api/acts";
import { api, body, type Schemas } from "../api/client";
import { Button } from "../pieces/Button";
import { Confirm } from "../pieces/Confirm";
import { plural } from "../text/number";
import { shell } from "../text/shell";
import { StartForm } from "./StartForm";

type Pipeline = Schemas["PipelineDetails"];
type Act = "pause" | "resume" | "stop" | "drain";

const TOUCHED = ["pipelines", "why", "topics", "savepoints"];

/** What can be done with a pipeline as it stands. `onError` is told what was refused, and undefined when nothing is. */
export function Steer({ pipeline, onError }: { pipeline: Pipeline; onError: (error: unknown) => void }) {
  const { name, state } = pipeline;
  const [form, setForm] = useState<"start" | "restart" | "drain" | undefined>();
  const path = { name };
  const acts: Record<Act, () => Promise<unknown>> = {
    pause: () => body(api.POST("/api/pipelines/{name}/pause", { params: { path } })),
    resume: () => body(api.POST("/api/pipelines/{name}/resume", { params: { path } })),
    stop: () => body(api.POST("/api/pipelines/{name}/stop", { params: { path } })),
    drain: () => body(api.POST("/api/pipelines/{name}/drain", { params: { path } })),
  };
  const act = useAct((which: Act) => acts[which](), TOUCHED);
  const tell = (which: Act) => act.mutate(which, { onError, onSuccess: () => onError(undefined) });
  const goes = state === "running" || state === "draining";
  const close = () => setForm(undefined);
  return (
    <>
      {state === "paused" && (
        <Button look="main" disabled={act.isPending} onClick={() => tell("resume")}>
          <Play size={14} aria-hidden="true" /> Resume
        </Button>
      )}
      {(state === "stopped" || state === "failed" || state === "ended") && (
        <Button look="main" onClick={() => setForm("start")}>
          <Play size={14} aria-hidden="true" /> Start…
        </Button>
      )}
      {state === "running" && (
        <Button disabled={act.isPending} onClick={() => tell("pause")}>
          <Pause size={14} aria-hidden="true" /> Pause
        </Button>
      )}
      {(goes || state === "paused") && (
        <Button disabled={act.isPending} onClick={() => tell("stop")}>
          <Square size={14} aria-hidden="true" /> Stop
        </Button>
      )}
      {state === "running" && (
        <>
          <Button onClick={() => setForm("restart")}>Restart…</Button>
          <Button onClick={() => setForm("drain")}>Drain…</Button>
        </>
      )}
      {(form === "start" || form === "restart") && <StartForm pipeline={pipeline} act={form} onClose={close} />}
      {form === "drain" && (
        <Confirm
          title={`Drain ${name}`}
          name={name}
          act="Drain it"
          command={shell("penstock", "pipeline", "drain", "DIR", name)}
          loss={<Drained pipeline={pipeline} />}
          running={act.isPending}
          error={act.variables === "drain" ? act.error : undefined}
          onAct={() => act.mutate("drain", { onSuccess: close })}
          onClose={close}
        />
      )}
    </>
  );
}

function Drained({ pipeline: { operators, lag } }: { pipeline: Pipeline }) {
  const held = operators.reduce((sum, one) => sum + (one.fates.held ?? 0), 0);
  return (
    <>
      <p>
        It {lag ? `reads the ${plural(lag, "record")} that wait for it, and ends` : "ends"}.{" "}
        <strong>All its windows close:</strong> the {plural(held, "row")} that it holds now become results, or end.
      </p>
      <p>Rows that come later for these windows are late, and count in none.</p>
    </>
  );
}
