import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAct } from "../api/acts";
import { api, body, type Schemas } from "../api/client";
import type { TableColumn, TableRow } from "../pieces/column";
import { Confirm } from "../pieces/Confirm";
import { DataTable } from "../pieces/DataTable";
import { ChoiceField, TextField } from "../pieces/Form";
import { plural } from "../text/number";
import { shell } from "../text/shell";

type Group = Schemas["GroupDetails"];
type Target = "earliest" | "latest" | "time" | "shift" | "offset";

const TARGETS: { value: Target; label: string }[] = [
  { value: "earliest", label: "the oldest record that is kept" },
  { value: "latest", label: "the end: only what comes from now on" },
  { value: "time", label: "a time" },
  { value: "shift", label: "by a number of offsets" },
  { value: "offset", label: "an offset in one partition" },
];

const COLUMNS: TableColumn[] = [
  { name: "partition", label: "Partition", type: "INT" },
  { name: "before", label: "Is at", type: "BIGINT" },
  { name: "after", label: "Will be at", type: "BIGINT" },
];

/** Moves a group in a topic, after saying from where to where. */
export function ResetGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const [topic, setTopic] = useState(group.topics[0] ?? "");
  const [target, setTarget] = useState<Target>("earliest");
  const [typed, setTyped] = useState("");
  const [partition, setPartition] = useState("0");
  const path = { name: group.group };
  const where = placeOf(target, typed.trim(), partition);
  const looked = useQuery({
    queryKey: ["groups", group.group, "reset", topic, where],
    queryFn: () =>
      body(api.POST("/api/groups/{name}/reset/preview", { params: { path }, body: { topic, ...where?.given } })),
    enabled: where !== undefined,
    retry: false,
  });
  const reset = useAct(
    () => body(api.POST("/api/groups/{name}/reset", { params: { path }, body: { topic, ...where?.given } })),
    ["groups", "topics"],
  );
  const moves = where === undefined ? undefined : looked.data;
  const partitions = group.partitions.filter((one) => one.topic === topic).map((one) => String(one.partition));
  return (
    <Confirm
      title={`Move ${group.group}`}
      name={group.group}
      act="Move it"
      command={shell("penstock", "group", "reset", "DIR", group.group, topic, ...(where?.words ?? []))}
      loss={moves && <Loss moves={moves} pipelines={group.pipelines} />}
      running={reset.isPending}
      error={reset.error ?? looked.error}
      onAct={() => reset.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <ChoiceField label="Topic" value={topic} options={choices(group.topics)} onChange={setTopic} />
      <ChoiceField label="To" value={target} options={TARGETS} onChange={setTarget} />
      {target === "time" && (
        <TextField
          label="Time, UTC unless it names its zone"
          value={typed}
          onChange={setTyped}
          placeholder="2026-01-31T09:00"
          whole
        />
      )}
      {target === "shift" && <TextField label="Offsets" value={typed} onChange={setTyped} placeholder="-100" whole />}
      {target === "offset" && (
        <>
          <ChoiceField label="Partition" value={partition} options={choices(partitions)} onChange={setPartition} />
          <TextField label="Offset" value={typed} onChange={setTyped} inputMode="numeric" />
        </>
      )}
    </Confirm>
  );
}

const choices = (values: readonly string[]) => values.map((value) => ({ value, label: value }));

type Given = Omit<Schemas["Reset"], "topic">;

/** Where to, as the API and as the command line take it; undefined while that is not typed yet. */
function placeOf(target: Target, typed: string, partition: string): { given: Given; words: string[] } | undefined {
  switch (target) {
    case "earliest":
    case "latest":
      return { given: { to: target }, words: [`--to=${target}`] };
    case "time":
      return typed ? { given: { time: typed }, words: [`--time=${typed}`] } : undefined;
    case "shift":
      return /^[+-]?\d{1,15}$/.test(typed)
        ? { given: { shift: Number(typed) }, words: [`--shift=${typed}`] }
        : undefined;
    case "offset":
      return /^\d{1,15}$/.test(typed)
        ? { given: { offsets: { [partition]: Number(typed) } }, words: [`--offset=${partition}=${typed}`] }
        : undefined;
  }
}

function Loss({ moves, pipelines }: { moves: Schemas["MovedAnswer"][]; pipelines: readonly string[] }) {
  const steps = moves.map((one) => (one.before ?? one.after) - one.after);
  const sum = (some: number[]) => some.reduce((total, one) => total + one, 0);
  const again = sum(steps.filter((one) => one > 0));
  const passed = -sum(steps.filter((one) => one < 0));
  return (
    <>
      <p>
        {again === 0 && passed === 0 && "It stays where it is."}
        {again > 0 && <strong>{plural(again, "record")} will be read again. </strong>}
        {passed > 0 && <strong>{plural(passed, "record")} will be passed over, unread. </strong>}
      </p>
      {pipelines.length > 0 && (
        <p>{pipelines.join(", ")} read as this group, and go on from their checkpoints wherever it is.</p>
      )}
      <DataTable label="Where it will be" columns={COLUMNS} rows={moves as unknown as TableRow[]} />
    </>
  );
}
