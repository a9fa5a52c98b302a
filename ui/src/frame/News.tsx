import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useFiltered } from "../api/login";
import { useWatch } from "../push/useWatch";

interface Props {
  of: "incidents" | "runs";
  /** What was asked under these keys is asked again when there is something new. */
  touches: readonly string[];
}

/** Hears of what is pushed as news; who sees a part of the rows is told none. */
export function News(props: Props) {
  return useFiltered().length === 0 && <Hears {...props} />;
}

function Hears({ of, touches }: Props) {
  const queries = useQueryClient();
  const { time } = useWatch({ news: of }).held;
  const keys = touches.join(" ");
  useEffect(() => {
    if (time === undefined) return;
    for (const key of keys.split(" ")) void queries.invalidateQueries({ queryKey: [key] });
  }, [time, keys, queries]);
  return null;
}
