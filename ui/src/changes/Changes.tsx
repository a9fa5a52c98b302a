import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type Applied,
  applyFiles,
  type Difference,
  useApplyProgress,
  useDifference,
  useFileDifferences,
} from "../api/changes";
import { useMay } from "../api/login";
import { isUnreachable } from "../api/problem";
import { Section, View } from "../frame/View";
import { Button } from "../pieces/Button";
import { Difference as Lines } from "../pieces/Difference";
import { Go } from "../pieces/Go";
import { Empty, Failure, Waiting } from "../pieces/States";
import { useLink } from "../push/useWatch";
import { ApplySheet } from "./ApplySheet";
import css from "./Changes.module.css";
import { CompareSheet } from "./CompareSheet";
import { Happened } from "./Happened";
import { Interrupted } from "./Interrupted";
import { Mistake } from "./Mistake";
import { PipelinePart } from "./PipelinePart";
import { Progress } from "./Progress";
import { changedOf } from "./words";

/** What was looked at when it was applied, and what came of it. */
interface Done {
  told: Difference;
  applied: Applied;
}

/** What the SQL files would change if they were applied, letting it, and what has come of that. */
export function Changes() {
  const difference = useDifference();
  const files = useFileDifferences();
  const live = useLink().state === "live";
  const may = useMay("operate");
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Difference>();
  const [compared, setCompared] = useState<string>();
  const apply = useMutation({
    mutationFn: async (told: Difference): Promise<Done> => ({ told, applied: await applyFiles(told.token) }),
    onSettled: () => queries.invalidateQueries(),
  });
  const progress = useApplyProgress(apply.isPending).data;
  const { data } = difference;
  // what was there is kept while the server is away: the light above says so
  const error = data && difference.error && isUnreachable(difference.error) ? null : difference.error;
  const changed = data ? changedOf(data) : [];
  const goes = apply.isPending || progress != null;
  const refused = changed.some((one) => one.refusal !== "");
  const something = changed.length > 0 || (data?.files.length ?? 0) > 0;
  const lost = apply.error !== null && isUnreachable(apply.error);
  return (
    <View
      title="Changes"
      above={<Go href="/pipelines">Pipelines</Go>}
      note="What the SQL files would change if they were applied now. Nothing is applied by itself."
      tools={
        may && (
          <Button
            look="main"
            disabled={!data || error != null || !something || refused || goes || !live}
            onClick={() => setAsked(data)}
          >
            Apply…
          </Button>
        )
      }
    >
      {goes && <Progress progress={progress ?? undefined} />}
      {apply.data && !goes && <Happened told={apply.data.told} applied={apply.data.applied} />}
      {lost && !goes && apply.variables && (
        <Interrupted told={apply.variables} now={difference.dataUpdatedAt > apply.submittedAt ? data : undefined} />
      )}
      {apply.error && !lost && !goes && <WentBack error={apply.error} />}
      {error && <Mistake error={error} retry={() => void difference.refetch()} />}
      {difference.isPending && <Waiting height={240} shape="rows" label="What they change is being looked at" />}
      {data && !error && !something && (
        <Section title="Nothing has changed" headless>
          <Empty title="Nothing has changed">
            The pipelines are what the files of sql/ say. When one is edited, what that would do to each state is shown
            here, and nothing happens before it is applied.
          </Empty>
        </Section>
      )}
      <div className={live ? css.parts : `${css.parts} ${css.stale}`}>
        {files.data?.map((file) => (
          <Section
            key={file.path}
            title={file.path}
            tools={<span className={css.note}>{file.what === "changed" ? "has changed" : `was ${file.what}`}</span>}
          >
            <div className={css.lines}>
              <Lines text={file.difference} label={`What has changed in ${file.path}`} />
            </div>
          </Section>
        ))}
        {!error &&
          changed.map((one) => (
            <PipelinePart key={one.name} change={one} onCompare={live ? () => setCompared(one.name) : undefined} />
          ))}
      </div>
      {data && !error && something && (
        <p className={css.note}>
          {unchanged(data)}
          {!may && " An operator may apply this."}
        </p>
      )}
      {asked && (
        <ApplySheet
          difference={asked}
          onAct={() => {
            apply.mutate(asked);
            setAsked(undefined);
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
      {compared !== undefined && <CompareSheet pipeline={compared} onClose={() => setCompared(undefined)} />}
    </View>
  );
}

/** It was refused, or undone; what was before goes on. */
function WentBack({ error }: { error: unknown }) {
  return (
    <Section title="Not applied">
      <Failure error={error} />
    </Section>
  );
}

function unchanged({ pipelines }: Difference): string {
  const names = pipelines.filter((one) => one.what === "unchanged").map((one) => one.name);
  return names.length > 0 ? `Unchanged, and untouched when this is applied: ${names.join(", ")}.` : "";
}
