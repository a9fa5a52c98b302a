import { useAct } from "../api/acts";
import { api, body, type Schemas } from "../api/client";
import { Confirm } from "../pieces/Confirm";
import { plural } from "../text/number";
import { shell } from "../text/shell";

interface Props {
  group: Schemas["GroupDetails"];
  onGone: () => void;
  onClose: () => void;
}

/** Forgets how far a group has read. */
export function ForgetGroup({ group, onGone, onClose }: Props) {
  const path = { name: group.group };
  const forget = useAct(() => body(api.DELETE("/api/groups/{name}", { params: { path } })), ["groups", "topics"]);
  return (
    <Confirm
      title={`Forget ${group.group}`}
      name={group.group}
      act="Forget it"
      command={shell("penstock", "group", "delete", "DIR", group.group)}
      loss={
        <p>
          Its places in <strong>{plural(group.partitions.length, "partition")}</strong> of {group.topics.join(", ")} are
          lost: who reads as it then begins as if it had read nothing. No record is lost.
        </p>
      }
      running={forget.isPending}
      error={forget.error}
      onAct={() => forget.mutate(undefined, { onSuccess: onGone })}
      onClose={onClose}
    />
  );
}
