import { useProject } from "../api/asked";
import { useLogin } from "../api/login";
import { Section } from "../frame/View";
import { Facts } from "../pieces/Facts";
import { Memory } from "./Memory";
import css from "./Settings.module.css";
import { OwnPassword } from "./OwnPassword";
import { SettingTable } from "./SettingTable";

/** The project, who looks at it, what holds its memory, and its settings. */
export function File() {
  const project = useProject().data;
  const login = useLogin().data;
  return (
    <>
      <Section title="This project">
        <div className={css.padded}>
          <Facts>
            <dt>Folder</dt>
            <dd>{project?.folder ?? "\u2026"}</dd>
            <dt>Penstock</dt>
            <dd>{project?.version ?? "\u2026"}</dd>
            <dt>You are</dt>
            <dd>
              {login?.user ?? "nobody by name"}
              {login && (login.needed ? "" : ", on this machine: nobody logs in here, and all may do everything")}
            </dd>
            <dt>You may</dt>
            <dd>{login?.rights.join(", ")}</dd>
          </Facts>
          {login?.way === "login" && <OwnPassword />}
        </div>
      </Section>
      <Memory />
      <SettingTable />
    </>
  );
}
