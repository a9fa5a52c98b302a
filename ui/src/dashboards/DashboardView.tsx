import { Pencil } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { useParams } from "wouter";
import { useDashboard } from "../api/dashboards";
import { useMay } from "../api/login";
import { useFilters } from "../frame/useFilters";
import { View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Go } from "../pieces/Go";
import { Segmented } from "../pieces/Segmented";
import { Failure, Waiting } from "../pieces/States";
import { clock } from "../text/time";
import type { Asked } from "./asked";
import { chosenOf, unchosen } from "./chosen";
import css from "./DashboardView.module.css";
import { type Dashboard, type Panel, rangeMs } from "./model";
import { heightOf, PanelCard } from "./PanelCard";
import { VariableControl } from "./VariableControl";

const AskSheet = lazy(async () => ({ default: (await import("./AskSheet")).AskSheet }));
const Editor = lazy(async () => ({ default: (await import("./editor/Editor")).Editor }));

/** One dashboard, read from its file. */
export function DashboardView() {
  const { name } = useParams() as { name: string };
  const { data, error, refetch, isPending } = useDashboard(name);
  if (isPending) return <Waiting height="70vh" />;
  if (error) {
    return (
      <View title={name} above={<Go href="/dashboards">Dashboards</Go>}>
        <Failure error={error} retry={() => void refetch()} />
      </View>
    );
  }
  return <Shown key={name} name={name} dashboard={data.dashboard} tag={data.tag} />;
}

interface ShownProps {
  name: string;
  dashboard: Dashboard;
  tag: string;
}

function Shown({ name, dashboard, tag }: ShownProps) {
  const [filters, setFilters] = useFilters();
  const [asked, setAsked] = useState<{ panel: Panel; asked: Asked } | undefined>();
  const may = useMay("operate");
  const editing = may && filters.edit !== undefined;
  const { variables = [], ranges = [] } = dashboard;
  const range = filters.range || dashboard.range || ranges[0];
  const chosen = useMemo(
    () => chosenOf(variables, filters, range === undefined ? undefined : rangeMs(range)),
    [variables, filters, range],
  );
  const zoom = useMemo(
    () => (filters.from && filters.to ? ([Number(filters.from), Number(filters.to)] as const) : undefined),
    [filters.from, filters.to],
  );
  const missing = unchosen(variables, chosen);

  const tools = (
    <>
      {variables.map((variable) => (
        <VariableControl
          key={variable.name}
          variable={variable}
          value={filters[variable.name] ?? (variable.default == null ? "" : String(variable.default))}
          onChange={(value) => setFilters({ [variable.name]: value })}
        />
      ))}
      {ranges.length > 0 && (
        <Segmented
          label="Time range"
          value={zoom ? undefined : range}
          options={ranges.map((one) => ({ value: one, label: one }))}
          onChange={(value) => setFilters({ range: value, from: undefined, to: undefined })}
        />
      )}
      {zoom && (
        <Button onClick={() => setFilters({ from: undefined, to: undefined })}>
          {clock(zoom[0])} – {clock(zoom[1])} · back to live
        </Button>
      )}
      {filters.test && (
        <Button onClick={() => setFilters({ test: undefined })} title="Back to what did fire">
          Marked is when {filters.test} would have fired ✕
        </Button>
      )}
      {!editing && may && (
        <Button look="plain" onClick={() => setFilters({ edit: "1" })} title="Edit this dashboard">
          <Pencil size={14} />
          Edit
        </Button>
      )}
    </>
  );

  return (
    <View
      title={titleOf(dashboard, chosen)}
      above={<Go href="/dashboards">Dashboards</Go>}
      note={dashboard.description}
      tools={tools}
    >
      {editing ? (
        <Suspense fallback={<Waiting height="70vh" />}>
          <Editor
            name={name}
            dashboard={dashboard}
            tag={tag}
            chosen={chosen}
            onDone={() => setFilters({ edit: undefined })}
          />
        </Suspense>
      ) : missing.length > 0 ? (
        <p className={css.missing}>Choose {missing.map((one) => one.label || one.name).join(" and ")} first.</p>
      ) : (
        <div className={css.grid}>
          {dashboard.panels.map((panel) => (
            <div key={panel.id} className={css.place} data-kind={panel.kind} style={placeOf(panel)}>
              <PanelCard
                panel={panel}
                chosen={chosen}
                sync={name}
                zoom={zoom}
                onZoom={(from, to) => setFilters({ from: String(from), to: String(to) })}
                onAsk={(of, what) => setAsked({ panel: of, asked: what })}
              />
            </div>
          ))}
        </div>
      )}
      <Suspense>{asked && <AskSheet {...asked} chosen={chosen} onClose={() => setAsked(undefined)} />}</Suspense>
    </View>
  );
}

/** A title may name what is chosen: `Meeting {meeting}`. */
function titleOf(dashboard: Dashboard, chosen: Readonly<Record<string, unknown>>): string {
  return dashboard.title.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(chosen[name] ?? "\u2013"));
}

export function placeOf(panel: Panel) {
  return { "--width": panel.width ?? 6, height: heightOf(panel) } as React.CSSProperties;
}
