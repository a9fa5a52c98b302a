import { PanelLeft } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../pieces/Button";
import { Go } from "../pieces/Go";
import { Changed } from "./Changed";
import css from "./Frame.module.css";
import { LiveLight } from "./LiveLight";
import { ProjectName } from "./ProjectName";
import { isAt, PLACES } from "./places";
import { Search } from "./Search";
import { ThemeButton } from "./ThemeButton";
import { Who } from "./Who";

const NARROW = "penstock.rail";

/** What stands around every view: the rail, the bar above. */
export function Frame({ children }: { children: ReactNode }) {
  const [pathname] = useLocation();
  const [narrow, setNarrow] = useState(() => localStorage.getItem(NARROW) === "narrow");
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);

  const collapse = () => {
    localStorage.setItem(NARROW, narrow ? "wide" : "narrow");
    setNarrow(!narrow);
  };

  return (
    <div className={`${css.frame} ${narrow ? css.narrow : ""}`}>
      <a className={css.skip} href="#view">
        Skip to the view
      </a>
      <header className={css.bar}>
        <ProjectName />
        <LiveLight />
        <Changed />
        <Search />
        <Who />
        <ThemeButton />
      </header>
      <nav className={css.rail} aria-label="Views">
        <ul>
          {PLACES.map(({ href, label, icon: Icon, seldom }) => (
            <li key={href} className={seldom ? css.seldom : undefined}>
              <Go
                href={href}
                className={css.place}
                title={narrow ? label : undefined}
                aria-current={isAt(pathname, href) ? "page" : undefined}
              >
                <Icon size={16} aria-hidden="true" />
                <span>{label}</span>
              </Go>
            </li>
          ))}
        </ul>
        <Button
          look="plain"
          className={css.collapse}
          onClick={collapse}
          aria-label={narrow ? "Widen the rail" : "Narrow the rail"}
        >
          <PanelLeft size={16} aria-hidden="true" />
        </Button>
      </nav>
      <main id="view" ref={main} className={css.main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
