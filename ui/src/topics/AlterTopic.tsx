import { useState } from "react";
import { useAct } from "../api/acts";
import { useTopicLoss } from "../api/asked";
import { api, body, type Schemas } from "../api/client";
import { Losing } from "../pieces/Confirm";
import { TextField } from "../pieces/Form";
import { FormSheet } from "../pieces/FormSheet";
import { Failure } from "../pieces/States";
import { shell } from "../text/shell";
import { Loss } from "./DeleteTopic";
import { type Configs, ConfigFields, configWords, fit } from "./ConfigFields";

/** Gives a topic more partitions, or other configs. */
export function AlterTopic({ topic, onClose }: { topic: Schemas["TopicAnswer"]; onClose: () => void }) {
  const [partitions, setPartitions] = useState(String(topic.partitions));
  const [configs, setConfigs] = useState<Configs>(topic.configs);
  const more = Number(partitions) !== topic.partitions ? Number(partitions) : undefined;
  const changed = changesOf(topic.configs, configs);
  const [typed, setTyped] = useState("");
  const pairs = Object.entries(changed).map(([config, value]) => `${config}=${value ?? ""}`);
  const { data: loss, error: unknown, isFetching } = useTopicLoss(topic.name, fit(configs) ? pairs : []);
  const loses = pairs.length > 0 && (loss?.rows ?? 0) > 0;
  const given = {
    configs: changed,
    token: (loses && loss?.token) || "",
    ...(more === undefined ? {} : { partitions: more }),
  };
  const alter = useAct(
    () => body(api.PATCH("/api/topics/{name}", { params: { path: { name: topic.name } }, body: given })),
    ["topics"],
  );
  const wrong =
    !/^\d+$/.test(partitions) || Number(partitions) < topic.partitions
      ? `Partitions can only grow: there are ${topic.partitions}.`
      : undefined;
  const told = pairs.length === 0 || (loss !== undefined && !isFetching);
  const may =
    !wrong &&
    told &&
    (!loses || typed === topic.name) &&
    fit(configs) &&
    (more !== undefined || Object.keys(changed).length > 0) &&
    !alter.isPending;
  const words = [more === undefined ? undefined : `--partitions=${more}`, ...configWords(changed)];
  return (
    <FormSheet
      title={`Alter ${topic.name}`}
      act="Alter it"
      may={may}
      onSubmit={() => alter.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
      below={
        <>
          {loses && loss && (
            <Losing>
              <Loss loss={loss} />
            </Losing>
          )}
          {unknown && <Failure error={unknown} />}
        </>
      }
      error={alter.error}
      command={shell("penstock", "topic", "alter", "DIR", topic.name, ...words)}
    >
      <TextField
        label="Partitions"
        value={partitions}
        onChange={setPartitions}
        inputMode="numeric"
        wrong={wrong}
        note={more ? "Keys of old records stay in the partitions where they are." : undefined}
        whole
      />
      <ConfigFields configs={configs} onChange={setConfigs} />
      {loses && <TextField label={`Type ${topic.name} to do it`} value={typed} onChange={setTyped} whole />}
    </FormSheet>
  );
}

/** What is another than before; null where it is unset. */
function changesOf(before: Configs, after: Configs): Record<string, string | null> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names.flatMap((name): [string, string | null][] => {
      const value = after[name]?.trim() ?? "";
      return value === (before[name] ?? "") ? [] : [[name, value || null]];
    }),
  );
}
