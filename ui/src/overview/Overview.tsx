import { useProject } from "../api/asked";
import { Section, View } from "../frame/View";
import { Failure, Waiting } from "../pieces/States";
import { useLink, useWatch } from "../push/useWatch";
import { Attention } from "./Attention";
import css from "./Overview.module.css";
import { PipelineTable } from "./PipelineTable";
import { Totals } from "./Totals";

export const FIGURES = { metrics: ["pipelines"] };

/** What runs, whether it is healthy, what needs somebody. */
export function Overview() {
  const project = useProject();
  const watch = useWatch(FIGURES);
  const link = useLink();
  const { pipelines } = watch.held;
  if (watch.refusal) return <Failure error={{ title: "The figures cannot be watched", ...watch.refusal }} />;
  return (
    <View title="Overview" note={project.data?.folder}>
      <div className={link.state === "lost" ? css.stale : undefined}>
        {watch.waiting ? <Waiting height={104} /> : <Totals pipelines={pipelines} eventTime={link.eventTime} />}
      </div>
      {watch.waiting ? <Waiting height={96} /> : <Attention pipelines={pipelines} />}
      <Section title="Pipelines" headless>
        {watch.waiting ? <Waiting height={120} /> : <PipelineTable pipelines={pipelines} />}
      </Section>
    </View>
  );
}
