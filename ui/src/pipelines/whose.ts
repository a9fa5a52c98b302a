/** How the name of an alert rule's pipeline begins. */
const ALERT = "alert.";

const ruleOf = (pipeline: string): string | undefined =>
  pipeline.startsWith(ALERT) ? pipeline.slice(ALERT.length) : undefined;

/** Where a pipeline is looked after: that of an alert rule with its rule. */
export function pipelineHref(pipeline: string): string {
  const rule = ruleOf(pipeline);
  return rule === undefined ? `/pipelines/${encodeURIComponent(pipeline)}` : `/alerts/${encodeURIComponent(rule)}`;
}

/** What a pipeline is called in a sentence. */
export function pipelineTitle(pipeline: string): string {
  const rule = ruleOf(pipeline);
  return rule === undefined ? pipeline : `alert rule ${rule}`;
}
