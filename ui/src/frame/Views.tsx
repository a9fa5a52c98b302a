import { Component, type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { NotHere } from "./NotHere";
import { Whole } from "./Whole";
import { Overview } from "../overview/Overview";
import { Failure, Waiting } from "../pieces/States";

/** A view that is loaded when it is first opened: the component `name` of its file. */
function view<Name extends string>(name: Name, load: () => Promise<Record<Name, ComponentType>>) {
  return lazy(async () => ({ default: (await load())[name] }));
}

/** A view of what is made of rows of all tables: for who sees all of them. */
function whole(title: string, what: string, Shown: ComponentType): ComponentType {
  return () => (
    <Whole title={title} what={what}>
      <Shown />
    </Whole>
  );
}

const RULES = "Rules and what they have found are";
const JOBS = "Jobs and what their runs have written are";

const VIEWS: readonly [string, ComponentType][] = [
  ["/", Overview],
  ["/streaming", () => <Redirect to="/" replace />],
  ["/dashboards", view("Dashboards", () => import("../dashboards/Dashboards"))],
  ["/dashboards/:name", view("DashboardView", () => import("../dashboards/DashboardView"))],
  ["/pipelines", view("Pipelines", () => import("../pipelines/Pipelines"))],
  ["/pipelines/:name", view("PipelineView", () => import("../pipelines/PipelineView"))],
  ["/changes", view("Changes", () => import("../changes/Changes"))],
  ["/topics", view("Topics", () => import("../topics/Topics"))],
  ["/topics/:name", view("TopicView", () => import("../topics/TopicView"))],
  [
    "/rejects",
    whole(
      "Rejects",
      "Rejected and late rows are",
      view("Rejects", () => import("../rejects/Rejects")),
    ),
  ],
  [
    "/alerts",
    whole(
      "Alerts",
      RULES,
      view("Alerts", () => import("../alerts/Alerts")),
    ),
  ],
  [
    "/alerts/:name",
    whole(
      "Alerts",
      RULES,
      view("RuleView", () => import("../alerts/RuleView")),
    ),
  ],
  [
    "/jobs",
    whole(
      "Jobs",
      JOBS,
      view("Jobs", () => import("../jobs/Jobs")),
    ),
  ],
  [
    "/jobs/:name",
    whole(
      "Jobs",
      JOBS,
      view("JobView", () => import("../jobs/JobView")),
    ),
  ],
  [
    "/runs/:identity",
    whole(
      "Jobs",
      JOBS,
      view("RunView", () => import("../jobs/RunView")),
    ),
  ],
  [
    "/quality",
    whole(
      "Quality",
      "Rows that rules have set aside are",
      view("Quality", () => import("../quality/Quality")),
    ),
  ],
  ["/uptime", view("Uptime", () => import("../uptime/Uptime"))],
  ["/settings", view("Settings", () => import("../settings/Settings"))],
  ["/sql", view("Sql", () => import("../sql/Sql"))],
];

/** The view that the address names. */
export function Views() {
  const [path] = useLocation();
  return (
    <Fence key={path}>
      <Suspense fallback={<Waiting height="60vh" />}>
        <Switch>
          {VIEWS.map(([pattern, component]) => (
            <Route key={pattern} path={pattern} component={component} />
          ))}
          <Route component={NotHere} />
        </Switch>
      </Suspense>
    </Fence>
  );
}

/** A view that fails says so, and leaves the frame as it is. */
class Fence extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error === undefined ? (
      this.props.children
    ) : (
      <Failure error={error} retry={() => this.setState({ error: undefined })} />
    );
  }
}
