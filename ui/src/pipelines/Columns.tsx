import { useColumnOrigins } from "../api/asked";
import type { Schemas } from "../api/client";
import { Section } from "../frame/View";
import { Go } from "../pieces/Go";
import { Failure, Waiting } from "../pieces/States";
import css from "./Columns.module.css";

type Written = Schemas["ColumnOriginsAnswer"];

/** Of each result its columns, and what each is made of, back to the topics. */
export function Columns({ pipeline }: { pipeline: string }) {
  const { data, error, refetch } = useColumnOrigins(pipeline);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting height={320} shape="rows" />;
  const tables = [...new Set(data.map((one) => one.table))];
  return tables.map((table) => (
    <Section key={table} title={table}>
      <table className={css.columns}>
        <thead className="unseen">
          <tr>
            <th>Column</th>
            <th>Made of</th>
          </tr>
        </thead>
        <tbody>
          {data
            .filter((one) => one.table === table)
            .map((one) => (
              <tr key={one.column}>
                <th scope="row">
                  <code>{one.column}</code>
                </th>
                <td>
                  <Origins made={one.made_of} />
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </Section>
  ));
}

function Origins({ made }: { made: Written["made_of"] }) {
  if (made.length === 0) return <span className={css.none}>a constant, or a count of rows</span>;
  const tables = [...new Set(made.map((one) => one.table))];
  return (
    <ul className={css.origins}>
      {tables.map((table) => {
        const from = made.filter((one) => one.table === table);
        const [first] = from;
        return (
          <li key={table}>
            <Place table={table} topic={first?.topic ?? null} />{" "}
            {from.map(({ column }) => (
              <code key={column}>{column}</code>
            ))}
            {first?.written_by.map((writer) => (
              <span key={writer}>
                written by <Go href={`/pipelines/${encodeURIComponent(writer)}?show=columns`}>{writer}</Go>
              </span>
            ))}
          </li>
        );
      })}
    </ul>
  );
}

function Place({ table, topic }: { table: string; topic: string | null }) {
  return topic === null ? table : <Go href={`/topics/${encodeURIComponent(topic)}`}>{table}</Go>;
}
