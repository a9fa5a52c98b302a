import { useQuery } from "@tanstack/react-query";
import { type AlertState, readRule, useDeleteRule } from "../api/alerts";
import { Confirm } from "../pieces/Confirm";
import { Failure } from "../pieces/States";
import { plural } from "../text/number";

interface Props {
  rule: AlertState;
  onClose: () => void;
  onGone: () => void;
}

/** Removes the file of a rule: what it has found stays, and nobody is told of anything new. */
export function DeleteRule({ rule, onClose, onGone }: Props) {
  const { name, firing, pending, notify } = rule;
  const file = useQuery({ queryKey: ["alert-file", name], queryFn: () => readRule(name), gcTime: 0, retry: false });
  const remove = useDeleteRule(name);
  return (
    <Confirm
      title={`Delete ${name}`}
      name={name}
      act="Delete the rule"
      command={`penstock file delete DIR alerts/${name}.toml`}
      loss={
        file.error ? (
          <Failure error={file.error} />
        ) : (
          file.data && (
            <p>
              alerts/{name}.toml goes, {plural(file.data.text.trim().split("\n").length, "line")}, and nothing new of it
              is told{notify.length > 0 && ` to ${notify.join(", ")}`}. The rule ends at once, and what is open of it (
              {firing} fire, {pending} are pending) is ended with a note. What it has found stays.
            </p>
          )
        )
      }
      ready={file.data !== undefined}
      running={remove.isPending}
      error={remove.error}
      onAct={() => file.data && remove.mutate(file.data.tag, { onSuccess: onGone })}
      onClose={onClose}
    />
  );
}
