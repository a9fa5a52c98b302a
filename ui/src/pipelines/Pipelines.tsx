import { Section, View } from "../frame/View";
import { FIGURES } from "../overview/Overview";
import { PipelineTable } from "../overview/PipelineTable";
import { Waiting } from "../pieces/States";
import { useWatch } from "../push/useWatch";

/** The pipelines of the project. */
export function Pipelines() {
  const watch = useWatch(FIGURES);
  return (
    <View title="Pipelines" note="What each reads, writes, and waits for.">
      <Section title="All pipelines" headless>
        {watch.waiting ? <Waiting height={160} /> : <PipelineTable pipelines={watch.held.pipelines} />}
      </Section>
    </View>
  );
}
