import { Section, View } from "../frame/View";
import { FIGURES } from "../overview/Overview";
import { PipelineTable } from "../overview/PipelineTable";
import { Go } from "../pieces/Go";
import { Waiting } from "../pieces/States";
import { useWatch } from "../push/useWatch";

/** The pipelines of the project. */
export function Pipelines() {
  const watch = useWatch(FIGURES);
  return (
    <View
      title="Pipelines"
      note="What each reads, writes, and waits for."
      tools={<Go href="/changes">Changes of their files</Go>}
    >
      <Section title="All pipelines" headless>
        {watch.waiting ? <Waiting height={160} /> : <PipelineTable pipelines={watch.held.pipelines} />}
      </Section>
    </View>
  );
}
