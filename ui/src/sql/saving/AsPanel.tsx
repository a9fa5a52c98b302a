import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { readDashboard, useDashboards } from "../../api/dashboards";
import { freshName } from "../../dashboards/editor/draft";
import type { Panel } from "../../dashboards/model";
import { Button } from "../../pieces/Button";
import { ChoiceField, Form, TextField } from "../../pieces/Form";
import { Go } from "../../pieces/Go";
import { Failure } from "../../pieces/States";
import { panelOf } from "../panelOf";
import { bare } from "./files";
import css from "./Saving.module.css";
import type { SaveProps } from "./SaveSheet";

type Kind = "line" | "bar" | "table";
const KINDS: { value: Kind; label: string }[] = [
  { value: "line", label: "Lines over time" },
  { value: "bar", label: "Bars" },
  { value: "table", label: "Table" },
];
const NEW = "";

/** A panel of a dashboard that there is, or of a new one. */
export function AsPanel({ sql, columns }: SaveProps) {
  const drawn = panelOf(columns ?? []);
  const [title, setTitle] = useState("");
  const [kind, setKind] = useState<Kind>((drawn?.kind as Kind | undefined) ?? "table");
  const [chosen, setChosen] = useState<string>();
  const queries = useQueryClient();
  const { data: dashboards = [] } = useDashboards();
  const into = chosen ?? dashboards[0]?.name ?? NEW;
  const save = useMutation({
    mutationFn: async () => {
      const panel: Panel = { id: "", title, kind, query: bare(sql), width: 6, height: 4 };
      if (kind !== "table" && drawn?.kind === kind) Object.assign(panel, { x: drawn.x, series: drawn.series });
      const name =
        into ||
        freshName(
          title,
          dashboards.map((one) => one.name),
        );
      const { dashboard, tag } = into
        ? await readDashboard(into)
        : { dashboard: { name, title, panels: [] }, tag: "*" };
      const id = freshName(
        title,
        dashboard.panels.map((one) => one.id),
      );
      const params = { path: { name }, header: { "if-match": tag } };
      await body(
        api.PUT("/api/dashboards/{name}", {
          params,
          body: { ...dashboard, panels: [...dashboard.panels, { ...panel, id }] },
        }),
      );
      return { name, title: dashboard.title };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["dashboards"] }),
  });
  const whole = title.trim() !== "" && !save.isPending;
  if (save.data) {
    return (
      <p role="status">
        Saved: it is the last panel of <Go href={`/dashboards/${save.data.name}`}>{save.data.title}</Go>.
      </p>
    );
  }
  return (
    <>
      <Form onSubmit={() => whole && save.mutate()}>
        <TextField label="Title" whole value={title} onChange={setTitle} />
        <ChoiceField
          label="Dashboard"
          value={into}
          options={[
            ...dashboards.map((one) => ({ value: one.name, label: one.title })),
            { value: NEW, label: "a new one" },
          ]}
          onChange={setChosen}
        />
        <ChoiceField label="Shown as" value={kind} options={KINDS} onChange={setKind} />
      </Form>
      {save.error && <Failure error={save.error} />}
      <div className={css.acts}>
        <Button look="main" disabled={!whole} onClick={() => save.mutate()}>
          Save the panel
        </Button>
      </div>
    </>
  );
}
