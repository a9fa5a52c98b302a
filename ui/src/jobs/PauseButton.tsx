import { Pause, Play } from "lucide-react";
import { type Job, usePause } from "../api/jobs";
import { problemOf } from "../api/problem";
import { Button } from "../pieces/Button";

/** Lets nothing but a hand begin runs of a job, or its schedule again. */
export function PauseButton({ job: { name, paused_by } }: { job: Job }) {
  const act = usePause(name);
  const paused = paused_by !== "";
  const what = paused ? "Resume" : "Pause";
  return (
    <Button
      disabled={act.isPending}
      aria-label={`${what} ${name}`}
      title={act.error ? problemOf(act.error).title : undefined}
      onClick={() => act.mutate(!paused)}
    >
      {paused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />} {what}
    </Button>
  );
}
