import {
  Bell,
  CalendarClock,
  Gauge,
  LayoutDashboard,
  ListX,
  Logs,
  Settings,
  SquareTerminal,
  Workflow,
} from "lucide-react";

/** The views of the rail. */
export const PLACES = [
  { href: "/", label: "Overview", icon: Gauge },
  { href: "/dashboards", label: "Dashboards", icon: LayoutDashboard },
  { href: "/pipelines", label: "Pipelines", icon: Workflow },
  { href: "/topics", label: "Topics", icon: Logs },
  { href: "/rejects", label: "Rejects", icon: ListX },
  { href: "/sql", label: "SQL", icon: SquareTerminal },
  { href: "/jobs", label: "Jobs", icon: CalendarClock },
  { href: "/alerts", label: "Alerts", icon: Bell },
  { href: "/settings", label: "Settings", icon: Settings },
] as const;

/** What a pipeline's file would change belongs to the pipelines, and a run to the jobs, as quality and uptime do. */
export function isAt(path: string, href: string): boolean {
  if (href === "/pipelines" && path === "/changes") return true;
  if (href === "/jobs" && (path.startsWith("/runs/") || path === "/quality" || path === "/uptime")) return true;
  return href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
}
