import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { DataTable } from "../pieces/DataTable";
import type { Tone } from "../pieces/ink";
import { Waiting } from "../pieces/States";
import type { Change, Value } from "../push/protocol";
import { named, type Watched } from "../push/watched";
import css from "./Sql.module.css";

const AnswerChart = lazy(() => import("./AnswerChart"));
const TALLEST = 640;
const CHART = 360;
const KIND = "\u00b1";
const TONES: Partial<Record<Change[0], Tone>> = { "+I": "good", "+U": "attention" };

interface Props {
  answer: Pick<Watched, "columns" | "rows"> & { turned?: Watched["turned"] };
  /** Beside the rows, as a picture. */
  chart: boolean;
  /** A column says what has happened to each row. */
  kinds?: boolean;
  children: ReactNode;
}

/** The rows of an answer. */
export function AnswerTable({ answer, chart, kinds = false, children }: Props) {
  const { turned } = answer;
  const rows = useMemo(() => {
    const found = named(answer);
    return kinds ? found.map((row, at) => ({ ...row, [KIND]: turned?.kinds[at] ?? "" })) : found;
  }, [answer, kinds, turned]);
  const columns = answer.columns.map(({ name, type }) => ({ name, label: name, type }));
  const kind = {
    name: KIND,
    label: KIND,
    type: "STRING",
    width: 52,
    tone: (value: Value) => TONES[value as Change[0]],
  };
  return (
    <div className={`${css.answer} ${chart ? css.beside : ""}`}>
      <DataTable
        label="Answer"
        title="Answer"
        columns={kinds ? [kind, ...columns] : columns}
        rows={rows}
        height={chart ? CHART : Math.min(TALLEST, 36 + Math.max(1, rows.length) * 32)}
      >
        {children}
      </DataTable>
      {chart && (
        <div className={css.chart}>
          <Suspense fallback={<Waiting height={CHART} />}>
            <AnswerChart answer={answer} height={CHART} />
          </Suspense>
        </div>
      )}
    </div>
  );
}
