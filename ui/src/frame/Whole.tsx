import type { ReactNode } from "react";
import { useFiltered } from "../api/login";
import { Empty } from "../pieces/States";
import { View } from "./View";

interface Props {
  title: string;
  /** What is not shown to who sees a part of the rows: the beginning of a sentence, with its verb. */
  what: string;
  children: ReactNode;
}

/** What is made of rows of all tables: who has row filters is told so, in place of a refusal of the server. */
export function Whole({ title, what, children }: Props) {
  const filtered = useFiltered();
  if (filtered.length === 0) return children;
  return (
    <View title={title}>
      <Empty title="This is for who sees all rows">
        {what} made of rows of all tables, and of {filtered.join(", ")} you see those that your row filter lets through.
        Dashboards, topics and SQL show what is yours; an admin can take the filter away.
      </Empty>
    </View>
  );
}
