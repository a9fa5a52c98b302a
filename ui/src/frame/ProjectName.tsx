import { useProject } from "../api/asked";
import { Go } from "../pieces/Go";
import css from "./ProjectName.module.css";

export function ProjectName() {
  const { data } = useProject();
  return (
    <Go href="/" className={css.project} title={data?.folder}>
      <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#0b6bcb" />
        <path d="M7 8h6c7 0 5 13 12 13" fill="none" stroke="#fff" strokeWidth="5" strokeLinecap="round" />
        <circle cx="9" cy="22" r="2.6" fill="#fff" opacity=".75" />
      </svg>
      <span>{data?.name ?? "Penstock"}</span>
    </Go>
  );
}
