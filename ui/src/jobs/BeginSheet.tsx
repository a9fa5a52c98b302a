import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { type Job, useBeginRun } from "../api/jobs";
import { FormSheet } from "../pieces/FormSheet";
import { plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./Jobs.module.css";
import { given, isWhole, ParameterFields, paramWords } from "./ParameterFields";
import { runHref } from "./words";

/** Does a job now; the run is shown then. */
export function BeginSheet({ job, onClose }: { job: Job; onClose: () => void }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const begin = useBeginRun(job.name);
  const open = job.running + job.waiting;
  return (
    <FormSheet
      title={`Run ${job.name}`}
      act="Run it now"
      may={isWhole(job, values) && !begin.isPending}
      onSubmit={() => begin.mutate(given(values), { onSuccess: (run) => navigate(runHref(run.id)) })}
      onClose={onClose}
      before={
        <p className={css.before}>
          {open > 0
            ? `${plural(open, "run")} of it ${open === 1 ? "has" : "have"} not ended: this one begins when the job allows it.`
            : "It begins at once, and is shown then."}
        </p>
      }
      error={begin.error}
      command={shell("penstock", "job", "run", "DIR", job.name, ...paramWords(values))}
    >
      <ParameterFields job={job} values={values} onChange={setValues} />
    </FormSheet>
  );
}
