import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Frame } from "./frame/Frame";
import { NotHere } from "./frame/NotHere";
import { Overview } from "./overview/Overview";
import { Failure, Waiting } from "./pieces/States";

/** The filters of a view, as they stand in its address: names and texts. */
export type Filters = Record<string, string | undefined>;

const root = createRootRoute({ component: Frame, notFoundComponent: NotHere });
const validateSearch = (search: Record<string, unknown>) => search as Filters;

const at = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component, validateSearch });

const tree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/", component: Overview, validateSearch }),
  at(
    "/dashboards",
    lazyRouteComponent(() => import("./dashboards/Dashboards"), "Dashboards"),
  ),
  at(
    "/dashboards/$name",
    lazyRouteComponent(() => import("./dashboards/DashboardView"), "DashboardView"),
  ),
  at(
    "/pipelines",
    lazyRouteComponent(() => import("./pipelines/Pipelines"), "Pipelines"),
  ),
  at(
    "/pipelines/$name",
    lazyRouteComponent(() => import("./pipelines/PipelineView"), "PipelineView"),
  ),
  at(
    "/topics",
    lazyRouteComponent(() => import("./topics/Topics"), "Topics"),
  ),
  at(
    "/topics/$name",
    lazyRouteComponent(() => import("./topics/TopicView"), "TopicView"),
  ),
  at(
    "/rejects",
    lazyRouteComponent(() => import("./rejects/Rejects"), "Rejects"),
  ),
  at(
    "/sql",
    lazyRouteComponent(() => import("./sql/Sql"), "Sql"),
  ),
]);

export const router = createRouter({
  routeTree: tree,
  scrollRestoration: true,
  defaultPendingComponent: () => <Waiting height="60vh" />,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text && `?${text}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
