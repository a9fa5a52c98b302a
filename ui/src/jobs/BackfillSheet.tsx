import { useState } from "react";
import { type Job, useBackfill } from "../api/jobs";
import { Button } from "../pieces/Button";
import { TextField } from "../pieces/Form";
import { FormSheet } from "../pieces/FormSheet";
import { Sheet } from "../pieces/Sheet";
import { plural } from "../text/number";
import { shell } from "../text/shell";
import { DAY, day, parseMomentIn } from "../text/time";
import css from "./Jobs.module.css";
import { given, isWhole, ParameterFields, paramWords } from "./ParameterFields";
import { scheduleWords } from "./words";

const WEEK = 7 * DAY;
const FORM = "A day such as 2026-01-31, or a time: 2026-01-31T12:00, or with another zone 2026-01-31T12:00Z.";

/** Makes a run for each moment of the schedule in a range. */
export function BackfillSheet({ job, onClose }: { job: Job; onClose: () => void }) {
  const [opened] = useState(() => Date.now());
  const [since, setSince] = useState(day(opened - WEEK));
  const [until, setUntil] = useState(day(opened));
  const [values, setValues] = useState<Record<string, string>>({});
  const fill = useBackfill(job.name);
  const [from, to] = [parseMomentIn(job.zone, since), parseMomentIn(job.zone, until)];
  const order = from !== undefined && to !== undefined && from >= to ? "It is not after the first moment." : undefined;
  const may = from !== undefined && to !== undefined && !order && isWhole(job, values) && !fill.isPending;
  if (fill.data) {
    return (
      <Sheet title={`Backfill ${job.name}`} open onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
        <p role="status">
          {plural(fill.data.length, "run")} {fill.data.length === 1 ? "is" : "are"} made, and done one after the other,
          as the job allows.
        </p>
      </Sheet>
    );
  }
  return (
    <FormSheet
      title={`Backfill ${job.name}`}
      act="Make the runs"
      may={may}
      onSubmit={() => may && fill.mutate({ since: from, until: to, parameters: given(values) })}
      onClose={onClose}
      before={
        <p className={css.before}>
          A run for each moment of the schedule, {scheduleWords(job.schedule)} in {job.zone}: each is told the moment
          that it is for.
        </p>
      }
      error={fill.error}
      command={shell(
        ...["penstock", "job", "backfill", "DIR", job.name, "--since", since.trim(), "--until", until.trim()],
        ...paramWords(values),
      )}
    >
      <TextField
        label="From"
        value={since}
        onChange={setSince}
        wrong={from === undefined ? FORM : undefined}
        note={`The first moment; days and times are those of ${job.zone}.`}
      />
      <TextField
        label="Before"
        value={until}
        onChange={setUntil}
        wrong={to === undefined ? FORM : order}
        note="The moment before which it ends."
      />
      <ParameterFields job={job} values={values} onChange={setValues} />
    </FormSheet>
  );
}
