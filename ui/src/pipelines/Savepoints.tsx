import { useId, useState } from "react";
import { useAct } from "../api/acts";
import { useSavepoints } from "../api/asked";
import { api, body, type Schemas } from "../api/client";
import { useMay } from "../api/login";
import { Section } from "../frame/View";
import { Button } from "../pieces/Button";
import type { TableColumn, TableRow } from "../pieces/column";
import { Confirm } from "../pieces/Confirm";
import { DataTable } from "../pieces/DataTable";
import { Facts } from "../pieces/Facts";
import { Form, SameAs, TextField } from "../pieces/Form";
import { Moment } from "../pieces/Moment";
import { Sheet } from "../pieces/Sheet";
import { Empty, Failure, Waiting } from "../pieces/States";
import { number, plural } from "../text/number";
import { shell } from "../text/shell";
import css from "./PipelineView.module.css";

type Savepoint = Schemas["SavepointAnswer"];

const TOUCHED = ["savepoints", "pipelines", "why", "topics"];
const COLUMNS: TableColumn[] = [
  { name: "name", label: "Savepoint", type: "STRING" },
  { name: "epoch", label: "Checkpoint", type: "BIGINT" },
  { name: "time_ms", label: "Taken", unit: "moment" },
  { name: "rows_again", label: "Read since", type: "BIGINT" },
  { name: "fits", label: "Fits the SQL", tone: (value) => (value === "yes" ? undefined : "attention") },
];

/** The checkpoints of a pipeline that are kept by name. */
export function Savepoints({ pipeline }: { pipeline: Schemas["PipelineDetails"] }) {
  const { data, error, refetch, isPending } = useSavepoints();
  const may = useMay("operate");
  const [opened, setOpened] = useState<Savepoint | "new" | undefined>();
  const rows = (data ?? [])
    .filter((one) => one.pipeline === pipeline.name)
    .map((one) => ({ ...one, fits: one.misfit === "" ? "yes" : "no longer" }));
  const close = () => setOpened(undefined);
  return (
    <Section title="Savepoints" headless>
      {isPending && <Waiting height={120} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && (
        <DataTable
          label="Savepoints"
          title="Savepoints"
          columns={COLUMNS}
          rows={rows as unknown as TableRow[]}
          onOpen={(row) => setOpened(row as unknown as Savepoint)}
          empty={
            <Empty title="No savepoint yet" command={shell("penstock", "savepoint", "create", "DIR", "before-change")}>
              A checkpoint that is kept by name: the pipeline can be put back to it.
            </Empty>
          }
        >
          {may && <Button onClick={() => setOpened("new")}>Keep one now</Button>}
        </DataTable>
      )}
      {opened === "new" && <NewSavepoint pipeline={pipeline.name} onClose={close} />}
      {opened && opened !== "new" && <SavepointSheet savepoint={opened} state={pipeline.state} onClose={close} />}
    </Section>
  );
}

function NewSavepoint({ pipeline, onClose }: { pipeline: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const form = useId();
  const make = useAct(() => body(api.POST("/api/savepoints", { body: { name, pipeline } })), TOUCHED);
  const may = name.trim() !== "" && !make.isPending;
  return (
    <Sheet
      title={`A savepoint of ${pipeline}`}
      open
      onClose={onClose}
      footer={
        <Button look="main" type="submit" form={form} disabled={!may}>
          Keep it
        </Button>
      }
    >
      <Form id={form} onSubmit={() => may && make.mutate(undefined, { onSuccess: onClose })}>
        <TextField label="Name" value={name} onChange={setName} placeholder="before-change" whole />
      </Form>
      {make.error && <Failure error={make.error} />}
      <SameAs command={shell("penstock", "savepoint", "create", "DIR", name || "NAME", `--pipeline=${pipeline}`)} />
    </Sheet>
  );
}

interface SheetProps {
  savepoint: Savepoint;
  state: Schemas["PipelineDetails"]["state"];
  onClose: () => void;
}

function SavepointSheet({ savepoint, state, onClose }: SheetProps) {
  const { name, pipeline, epoch, time_ms, rows_again, misfit } = savepoint;
  const [act, setAct] = useState<"restore" | "forget" | undefined>();
  const may = useMay("operate");
  const path = { name };
  const restore = useAct(() => body(api.POST("/api/savepoints/{name}/restore", { params: { path } })), TOUCHED);
  const forget = useAct(() => body(api.DELETE("/api/savepoints/{name}", { params: { path } })), TOUCHED);
  const goes = state === "running" || state === "draining" || state === "paused";
  const close = () => setAct(undefined);
  if (act === "restore") {
    return (
      <Confirm
        title={`Put ${pipeline} back to ${name}`}
        name={name}
        act="Put it back"
        command={shell("penstock", "savepoint", "restore", "DIR", name)}
        loss={
          <>
            <p>
              <strong>{plural(rows_again, "row")} will be read again</strong>; the state since then is lost.
            </p>
            <p>Results that were committed since stay: a table without a key then gets the same rows twice.</p>
          </>
        }
        running={restore.isPending}
        error={restore.error}
        onAct={() => restore.mutate(undefined, { onSuccess: onClose })}
        onClose={close}
      />
    );
  }
  if (act === "forget") {
    return (
      <Confirm
        title={`Forget ${name}`}
        name={name}
        act="Forget it"
        command={shell("penstock", "savepoint", "drop", "DIR", name)}
        loss={
          <p>
            {pipeline} can no longer be put back to checkpoint {number(epoch)}. No row is lost.
          </p>
        }
        running={forget.isPending}
        error={forget.error}
        onAct={() => forget.mutate(undefined, { onSuccess: onClose })}
        onClose={close}
      />
    );
  }
  const acts = may && (
    <>
      <Button look="danger" onClick={() => setAct("forget")}>
        Forget it…
      </Button>
      <Button look="danger" disabled={goes || misfit !== ""} onClick={() => setAct("restore")}>
        Put it back…
      </Button>
    </>
  );
  return (
    <Sheet title={`Savepoint ${name}`} open onClose={onClose} footer={acts}>
      <Facts>
        <dt>Of</dt>
        <dd>{pipeline}</dd>
        <dt>Checkpoint</dt>
        <dd>{number(epoch)}</dd>
        <dt>Taken</dt>
        <dd>
          <Moment ms={time_ms} />
        </dd>
        <dt>Read since</dt>
        <dd>{plural(rows_again, "row")}</dd>
      </Facts>
      {misfit !== "" && (
        <p className={css.begins}>
          It no longer fits the SQL: {misfit}. Put the SQL back as it was when this was taken and apply it; then
          {` ${pipeline} `}can be put back.
        </p>
      )}
      {may && goes && misfit === "" && (
        <p className={css.begins}>A pipeline is put back while it is stopped: stop it first.</p>
      )}
    </Sheet>
  );
}
