import {
  Bell,
  CalendarClock,
  Gauge,
  HeartPulse,
  LayoutDashboard,
  ListChecks,
  ListX,
  Logs,
  type LucideIcon,
  Settings,
  SquareTerminal,
  Workflow,
} from "lucide-react";

interface Place {
  href: string;
  label: string;
  icon: LucideIcon;
  /** A phone has no room for it below: there its neighbours lead to it. */
  seldom?: boolean;
}

/** The views of the rail. */
export const PLACES: readonly Place[] = [
  { href: "/", label: "Overview", icon: Gauge },
  { href: "/dashboards", label: "Dashboards", icon: LayoutDashboard },
  { href: "/pipelines", label: "Pipelines", icon: Workflow },
  { href: "/topics", label: "Topics", icon: Logs },
  { href: "/rejects", label: "Rejects", icon: ListX },
  { href: "/quality", label: "Quality", icon: ListChecks, seldom: true },
  { href: "/sql", label: "SQL", icon: SquareTerminal },
  { href: "/jobs", label: "Jobs", icon: CalendarClock },
  { href: "/alerts", label: "Alerts", icon: Bell },
  { href: "/uptime", label: "Uptime", icon: HeartPulse, seldom: true },
  { href: "/settings", label: "Settings", icon: Settings },
];

/** What a pipeline's file would change belongs to the pipelines, and a run to the jobs. */
export function isAt(path: string, href: string): boolean {
  if (href === "/pipelines" && path === "/changes") return true;
  if (href === "/jobs" && path.startsWith("/runs/")) return true;
  return href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
}
