import { SearchIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button } from "../pieces/Button";
import css from "./Search.module.css";

const Palette = lazy(() => import("./Palette"));

/** Ctrl-K: over views, dashboards and what they are about, pipelines, tables, topics, saved queries. */
export function Search() {
  const [open, setOpen] = useState(false);
  const [loaded, setLoaded] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen((was) => !was);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => setLoaded((was) => was || open), [open]);
  return (
    <>
      <Button
        className={css.trigger}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K"
        onClick={() => setOpen(true)}
      >
        <SearchIcon size={14} aria-hidden="true" />
        <span className={css.invite}>Search</span>
        <kbd className={css.key}>Ctrl K</kbd>
      </Button>
      {loaded && (
        <Suspense>
          <Palette open={open} setOpen={setOpen} />
        </Suspense>
      )}
    </>
  );
}
