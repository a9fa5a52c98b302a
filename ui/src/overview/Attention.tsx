import { type AlertState, type Incident, useAlerts, useIncidents } from "../api/alerts";
import { useWhy } from "../api/asked";
import type { Schemas } from "../api/client";
import { Section } from "../frame/View";
import { Go } from "../pieces/Go";
import { Sentence } from "../pieces/Sentence";
import { pipelineHref, pipelineTitle } from "../pipelines/whose";
import type { PipelineFigures } from "../push/protocol";
import { plural } from "../text/number";
import css from "./Overview.module.css";

interface Need {
  tone: "bad" | "attention" | "neutral";
  text: string;
  why?: string | undefined;
  href: string;
}

const MANY = 10_000;
/** Of all rows: where more are late the watermark's delay is too short, fewer are what it was chosen for. */
const LATE_SHARE = 0.01;
const OPEN = ["firing", "acknowledged"] as const;
/** Of one rule so many incidents are listed; the others are counted. */
const LISTED = 3;
const ORDER = ["bad", "attention", "neutral"];

/** What needs somebody, the worst first; each line leads to its reason. */
export function Attention({ pipelines }: { pipelines: readonly PipelineFigures[] }) {
  const { data: reasons = [] } = useWhy();
  const { data: rules = [] } = useAlerts();
  const open = useIncidents(undefined, OPEN);
  const incidents = open.data ?? [];
  const needs = [
    ...alertsOf(incidents.filter(({ kind }) => kind !== "rule")),
    ...rules.flatMap(dumbOf),
    ...pipelines.flatMap(needsOf),
    ...waitsOf(reasons),
  ];
  needs.sort((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone));
  const acts = needs.filter((need) => need.tone !== "neutral");
  const calm = needs.filter((need) => need.tone === "neutral");
  return (
    <Section title="Needs attention">
      {acts.length === 0 && (
        <p className={css.well}>
          Nothing: all pipelines run, {open.isSuccess && "no alert fires, "}and no row was rejected.
        </p>
      )}
      <Needs needs={acts} />
      {calm.length > 0 && (
        <details className={css.calm}>
          <summary>
            {calm.length} {calm.length === 1 ? "thing" : "things"} to know, with nothing to do
          </summary>
          <Needs needs={calm} />
        </details>
      )}
    </Section>
  );
}

function Needs({ needs }: { needs: readonly Need[] }) {
  return (
    <ul className={css.needs}>
      {needs.map((need) => (
        <li key={`${need.href} ${need.text}`}>
          <Go href={need.href} className={`${css.need} ${css[need.tone]}`}>
            <i aria-hidden="true" />
            <span>
              <Sentence text={need.text} />
            </span>
            {need.why && <small>{need.why}</small>}
          </Go>
        </li>
      ))}
    </ul>
  );
}

/** What fires, and quietly what somebody looks after already. */
function alertsOf(incidents: readonly Incident[]): Need[] {
  const firing = incidents.filter(({ state }) => state === "firing");
  const seen = incidents.filter(({ state }) => state === "acknowledged");
  const rules = [...new Set(firing.map(({ rule }) => rule))];
  const needs = rules.flatMap((rule) => {
    const mine = firing.filter((one) => one.rule === rule);
    const tone = mine[0]?.severity === "info" ? "attention" : "bad";
    const listed = mine.slice(0, LISTED).map(({ id, title, description, kind }): Need => ({
      tone,
      text: kind === "condition" ? `${title} fires` : title,
      why: description || undefined,
      href: `/alerts?${new URLSearchParams({ incident: id })}`,
    }));
    const more = mine.length - listed.length;
    const href = `/alerts/${encodeURIComponent(rule)}?show=open`;
    return more > 0
      ? [...listed, { tone, text: `${plural(more, "more incident")} of ${rule}`, href } as const]
      : listed;
  });
  const known = seen.map(({ id, title, by, note }): Need => ({
    tone: "neutral",
    text: `${title} fires, and ${by || "somebody"} looks after it`,
    why: note || undefined,
    href: `/alerts?${new URLSearchParams({ incident: id })}`,
  }));
  return [...needs, ...known];
}

/** A rule that cannot tell is not well. */
function dumbOf({ name, state, reason }: AlertState): Need[] {
  if (state === "ok" || state === "firing" || state === "pending") return [];
  const text = state === "no data" ? `Alert rule ${name} gets no data` : `Alert rule ${name} is ${state}`;
  const tone = state === "wrong" || state === "failed" ? "bad" : "attention";
  return [{ tone, text, why: reason.split("\n", 1)[0], href: `/alerts/${encodeURIComponent(name)}` }];
}

function needsOf(one: PipelineFigures): Need[] {
  const href = pipelineHref(one.pipeline);
  const needs: Need[] = [];
  if (one.state === "failed") {
    needs.push({ tone: "bad", text: `${one.pipeline} has failed`, why: one.error ?? undefined, href });
  }
  if ((one.lag ?? 0) > MANY) {
    const text = `${one.pipeline} is ${plural(one.lag ?? 0, "record")} behind`;
    needs.push({ tone: "attention", text, why: "It reads slower than is written; results come later.", href });
  }
  if (one.rejected > 0) {
    const text = `${one.pipeline} has rejected ${plural(one.rejected, "row")}`;
    needs.push({
      tone: "attention",
      text,
      why: "They cannot be read; each is kept with its reason.",
      href: "/rejects",
    });
  }
  if (one.late > 0) {
    const text = `${one.pipeline} has had ${plural(one.late, "late row")}`;
    const why = "A window had closed before they came; each is kept with the watermark of then.";
    const many = one.late > one.rows * LATE_SHARE;
    needs.push({ tone: many ? "attention" : "neutral", text, why, href: "/rejects?show=late" });
  }
  return needs;
}

/** The sentences of `why`, one for each table that waits: most wait as they should. */
const waitsOf = (reasons: readonly Schemas["ReasonAnswer"][]): Need[] =>
  reasons.map(({ pipeline, sentence, setting, attention }) => ({
    tone: attention ? "attention" : "neutral",
    text: `${pipelineTitle(pipeline)}: ${sentence}`,
    why: setting || undefined,
    href: pipelineHref(pipeline),
  }));
