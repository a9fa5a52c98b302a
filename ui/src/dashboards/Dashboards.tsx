import { useDashboards } from "../api/dashboards";
import { useMay } from "../api/login";
import { View } from "../frame/View";
import { Go } from "../pieces/Go";
import { Empty, Failure, Waiting } from "../pieces/States";
import css from "./Dashboards.module.css";
import { NewDashboard } from "./editor/NewDashboard";

/** The dashboards of the project. */
export function Dashboards() {
  const { data, error, refetch, isPending } = useDashboards();
  const may = useMay("operate");
  const shown = data?.filter((one) => !one.hidden) ?? [];
  return (
    <View
      title="Dashboards"
      note="Files of the project, in dashboards/."
      tools={may && <NewDashboard taken={data ?? []} />}
    >
      {isPending && <Waiting height={160} />}
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data && shown.length === 0 && (
        <Empty title="No dashboard yet">
          A dashboard is a file dashboards/NAME.toml: questions, and pictures of their answers. Make one here, or in
          your editor; the page shows it as soon as it is saved.
        </Empty>
      )}
      <ul className={css.list}>
        {shown.map((one) => (
          <li key={one.name}>
            <Go href={`/dashboards/${one.name}`} className={css.one}>
              <strong>{one.title}</strong>
              {one.error ? <span className={css.broken}>{one.error}</span> : <span>{one.description}</span>}
            </Go>
          </li>
        ))}
      </ul>
    </View>
  );
}
