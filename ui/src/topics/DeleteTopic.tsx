import { navigate } from "wouter/use-browser-location";
import { useAct } from "../api/acts";
import { useTopicLoss } from "../api/asked";
import { api, body, type Schemas } from "../api/client";
import { Confirm } from "../pieces/Confirm";
import { bytes, plural } from "../text/number";
import { shell } from "../text/shell";

/** Deletes a topic, after saying what goes with it. */
export function DeleteTopic({ name, onClose }: { name: string; onClose: () => void }) {
  const { data: loss, error } = useTopicLoss(name);
  const remove = useAct(
    () => body(api.DELETE("/api/topics/{name}", { params: { path: { name }, query: { token: loss?.token ?? "" } } })),
    ["groups"],
  );
  return (
    <Confirm
      title={`Delete ${name}`}
      name={name}
      act="Delete it for good"
      command={shell("penstock", "topic", "delete", "DIR", name)}
      loss={loss && <Loss loss={loss} />}
      running={remove.isPending}
      error={error ?? remove.error}
      onAct={() => remove.mutate(undefined, { onSuccess: () => navigate("/topics") })}
      onClose={onClose}
    />
  );
}

export function Loss({ loss }: { loss: Schemas["LossAnswer"] }) {
  const used = [
    loss.tables.length > 0 && `the table ${loss.tables.join(", ")} stands on it`,
    loss.pipelines.length > 0 && `${loss.pipelines.join(", ")} read or write it`,
    loss.alerts.length > 0 && `the alert ${loss.alerts.join(", ")} stands on it or on what is made of it`,
    loss.groups.length > 0 && `the place of ${loss.groups.join(", ")} in it is forgotten`,
  ].filter(Boolean);
  return (
    <>
      <p>
        <strong>
          {plural(loss.rows, "record")}, {bytes(loss.bytes)}
        </strong>{" "}
        are lost for good.
      </p>
      {used.length > 0 && <p>{`${used.join("; ")}.`.replace(/^t/, "T")}</p>}
    </>
  );
}
