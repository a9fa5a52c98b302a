import { useQuery } from "@tanstack/react-query";
import { api, body } from "../api/client";
import { Section } from "../frame/View";
import { Bars } from "../pieces/Bars";
import { KeyFigure } from "../pieces/KeyFigure";
import { Failure, Waiting } from "../pieces/States";
import { pipelineHref, pipelineTitle } from "../pipelines/whose";
import { bytes, number, plural } from "../text/number";
import css from "./Settings.module.css";

const AGAIN = 2_000;
/** States that are drawn; the others are one bar. */
const DRAWN = 12;

/** The one memory number, and who holds what of it. */
export function Memory() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["memory"],
    queryFn: () => body(api.GET("/api/memory")),
    refetchInterval: AGAIN,
  });
  return (
    <Section title="Memory">
      {isPending && <Waiting height={160} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && <Told {...data} />}
    </Section>
  );
}

const meant = (share: number) => (share > 0 ? `of ${bytes(share)} meant for them` : "");

interface Props {
  resident?: number | null;
  limit?: number | null;
  available?: number | null;
  full: boolean;
  held: readonly { pipeline: string; operator: string; bytes: number }[];
  for_states: number;
  viewers: number;
  asked: number;
  for_questions: number;
}

function Told({ resident, limit, full, available, held, for_states, viewers, asked, for_questions }: Props) {
  const states = held.reduce((sum, one) => sum + one.bytes, 0);
  const rest = held.slice(DRAWN);
  const bars = held.slice(0, DRAWN).map((one) => ({
    name: `${pipelineTitle(one.pipeline)}: ${one.operator}`,
    value: one.bytes,
    shown: bytes(one.bytes),
    href: pipelineHref(one.pipeline),
  }));
  const others = rest.reduce((sum, one) => sum + one.bytes, 0);
  if (rest.length > 0)
    bars.push({ name: `${rest.length} others`, value: others, shown: bytes(others), href: "/pipelines" });
  const share = resident != null && limit ? `${number((resident / limit) * 100, 1)}\u202f% of ${bytes(limit)}` : "";
  return (
    <div className={css.padded}>
      <div className={css.figures}>
        <KeyFigure label="This process has" value={resident == null ? undefined : bytes(resident)} note={share} />
        <KeyFigure
          label="States of operators"
          value={bytes(states)}
          note={meant(for_states) || `of ${plural(held.length, "operator")}`}
        />
        <KeyFigure label="Waits for viewers" value={bytes(viewers)} note="what they have not taken yet" />
        <KeyFigure
          label="Still available"
          value={available == null ? undefined : bytes(available)}
          note={`${plural(asked, "question")} being answered${for_questions ? `, ${meant(for_questions)}` : ""}`}
        />
      </div>
      {full && (
        <p role="alert">
          All of it is taken: events and questions are refused until there is room. Raise limit in [memory], or make the
          largest states below smaller.
        </p>
      )}
      {for_states > 0 && states > for_states && (
        <p role="status">
          States have outgrown the {bytes(for_states)} that are meant for them: the largest ones are below.
        </p>
      )}
      {bars.length > 0 && <Bars label="Who holds what" bars={bars} />}
      <p className={css.note}>
        What no state holds is the interpreter, its libraries, batches on their way and memory that the allocator keeps.
      </p>
    </div>
  );
}
