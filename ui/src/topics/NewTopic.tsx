import { useState } from "react";
import { navigate } from "wouter/use-browser-location";
import { useAct } from "../api/acts";
import { api, body } from "../api/client";
import { TextField } from "../pieces/Form";
import { FormSheet } from "../pieces/FormSheet";
import { shell } from "../text/shell";
import { type Configs, ConfigFields, configWords, fit, setOf } from "./ConfigFields";

const NAME = /^[\w.-]{1,249}$/;

/** Makes a topic. */
export function NewTopic({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState("");
  const [partitions, setPartitions] = useState("");
  const [configs, setConfigs] = useState<Configs>({});
  const given = {
    name,
    configs: setOf(configs),
    ...(partitions ? { partitions: Number(partitions) } : {}),
  };
  const make = useAct(() => body(api.POST("/api/topics", { body: given })), ["topics"]);
  const wrong = taken.includes(name)
    ? "There is a topic of this name."
    : name && !NAME.test(name)
      ? "Letters, digits, dots, lines and underscores, 249 at most."
      : undefined;
  const many = partitions && !/^[1-9]\d{0,4}$/.test(partitions) ? "A whole number from 1 on." : undefined;
  const may = name !== "" && !wrong && !many && fit(configs) && !make.isPending;
  const words = [partitions ? `--partitions=${partitions}` : undefined, ...configWords(given.configs)];
  return (
    <FormSheet
      title="A new topic"
      act="Create it"
      may={may}
      onSubmit={() => make.mutate(undefined, { onSuccess: () => navigate(`/topics/${encodeURIComponent(name)}`) })}
      onClose={onClose}
      error={make.error}
      command={shell("penstock", "topic", "create", "DIR", name || "NAME", ...words)}
    >
      <TextField label="Name" value={name} onChange={setName} wrong={wrong} note="As tables name it in 'topic'." />
      <TextField
        label="Partitions"
        value={partitions}
        onChange={setPartitions}
        wrong={many}
        placeholder="1"
        inputMode="numeric"
        note="By default as [topics.NAME] of penstock.toml says, else 1. There can be more later, never fewer."
      />
      <ConfigFields configs={configs} onChange={setConfigs} />
    </FormSheet>
  );
}
