import { useId, useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { type Job, useBeginRun } from "../api/jobs";
import { Button } from "../pieces/Button";
import { Form, SameAs } from "../pieces/Form";
import { Sheet } from "../pieces/Sheet";
import { Failure } from "../pieces/States";
import { plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./Jobs.module.css";
import { given, isWhole, ParameterFields, paramWords } from "./ParameterFields";
import { runHref } from "./words";

/** Does a job now; the run is shown then. */
export function BeginSheet({ job, onClose }: { job: Job; onClose: () => void }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const form = useId();
  const begin = useBeginRun(job.name);
  const may = isWhole(job, values) && !begin.isPending;
  const open = job.running + job.waiting;
  return (
    <Sheet
      title={`Run ${job.name}`}
      open
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" form={form} disabled={!may}>
            Run it now
          </Button>
        </>
      }
    >
      <p className={css.before}>
        {open > 0
          ? `${plural(open, "run")} of it ${open === 1 ? "has" : "have"} not ended: this one begins when the job allows it.`
          : "It begins at once, and is shown then."}
      </p>
      <Form
        id={form}
        onSubmit={() => may && begin.mutate(given(values), { onSuccess: (run) => navigate(runHref(run.id)) })}
      >
        <ParameterFields job={job} values={values} onChange={setValues} />
      </Form>
      {begin.error && <Failure error={begin.error} />}
      <SameAs command={shell("penstock", "job", "run", "DIR", job.name, ...paramWords(values))} />
    </Sheet>
  );
}
