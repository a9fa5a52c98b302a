import { useState } from "react";
import { useAct } from "../api/acts";
import { api, body, type Schemas } from "../api/client";
import { TextField } from "../pieces/Form";
import { FormSheet } from "../pieces/FormSheet";
import { duration, plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./PipelineView.module.css";

interface Props {
  pipeline: Schemas["PipelineDetails"];
  act: "start" | "restart";
  onClose: () => void;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** Starts a pipeline from its last checkpoint, or anew from the one that is made first. */
export function StartForm({ pipeline, act, onClose }: Props) {
  const { name, epoch, lag, checkpoint_interval } = pipeline;
  const [parallelism, setParallelism] = useState("");
  const [interval, setInterval] = useState("");
  const ms = millisOf(interval);
  const given = {
    ...(parallelism ? { parallelism: Number(parallelism) } : {}),
    ...(ms === undefined ? {} : { checkpoint_interval_ms: ms }),
  };
  const params = { path: { name } };
  const go = useAct(
    () =>
      body(
        act === "start"
          ? api.POST("/api/pipelines/{name}/start", { params, body: given })
          : api.POST("/api/pipelines/{name}/restart", { params, body: given }),
      ),
    ["pipelines", "why", "topics"],
  );
  const many = parallelism && !/^[1-9]\d{0,4}$/.test(parallelism) ? "A whole number from 1 on." : undefined;
  const long = interval.trim() && ms === undefined ? "A time such as 500 ms, 10 s or 1 min." : undefined;
  const may = !many && !long && !go.isPending;
  return (
    <FormSheet
      title={act === "start" ? `Start ${name}` : `Restart ${name}`}
      act={act === "start" ? "Start it" : "Restart it"}
      may={may}
      onSubmit={() => go.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
      error={go.error}
      command={shell(
        "penstock",
        "pipeline",
        act,
        "DIR",
        name,
        parallelism ? `--parallelism=${parallelism}` : undefined,
        ...(interval.trim() ? ["--checkpoint-interval", interval.trim()] : []),
      )}
    >
      <p className={css.begins}>
        {act === "restart"
          ? "It commits, and begins anew from that checkpoint: nothing is lost and nothing is read twice."
          : epoch > 0
            ? `It goes on from checkpoint ${epoch}${lag ? `: ${plural(lag, "record")} wait for it` : ""}.`
            : "It has no checkpoint yet, and begins where its tables say."}
      </p>
      <TextField
        label="Parallelism"
        value={parallelism}
        onChange={setParallelism}
        wrong={many}
        inputMode="numeric"
        placeholder="1"
        note="Kept for a cluster: here it runs as one."
      />
      <TextField
        label="Checkpoint every"
        value={interval}
        onChange={setInterval}
        wrong={long}
        placeholder={checkpoint_interval === null ? "as the engine chooses" : duration(checkpoint_interval)}
        note="Instead of what SQL and settings say. Results are seen at a checkpoint."
      />
    </FormSheet>
  );
}

/** Ms of a time such as 10 s; undefined for what is none. */
function millisOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h)$/.exec(text.trim());
  const ms = found ? Math.round(Number(found[1]) * (UNITS[found[2] ?? ""] ?? 0)) : 0;
  return ms >= 1 ? ms : undefined;
}
