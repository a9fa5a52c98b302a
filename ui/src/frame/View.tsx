import { type ReactNode, useEffect } from "react";
import css from "./View.module.css";

interface Props {
  title: string;
  /** Above the title: where this view stands. */
  above?: ReactNode;
  note?: ReactNode;
  /** At the right of the title: filters and acts. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A view: its title, its filters, its content. */
export function View({ title, above, note, tools, children }: Props) {
  useEffect(() => {
    document.title = `${title} \u00b7 Penstock`;
  }, [title]);
  return (
    <div className={css.view}>
      <header className={css.head}>
        <div className={css.titles}>
          {above && <div className={css.above}>{above}</div>}
          <h1>{title}</h1>
          {note && <p className={css.note}>{note}</p>}
        </div>
        {tools && <div className={css.tools}>{tools}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  title: string;
  tools?: ReactNode;
  /** A table inside says the title beside its own tools. */
  headless?: boolean;
  children: ReactNode;
}

/** A part of a view, in its own frame. */
export function Section({ title, tools, headless, children }: SectionProps) {
  return (
    <section className={css.section} aria-label={title}>
      {!headless && (
        <header className={css.sectionHead}>
          <h2>{title}</h2>
          {tools}
        </header>
      )}
      {children}
    </section>
  );
}
