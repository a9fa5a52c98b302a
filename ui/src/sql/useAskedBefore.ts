import { useCallback, useState } from "react";

const KEPT = "penstock.asked";
const MOST = 50;

/** The questions that were asked in this browser, the last one first; and how another becomes one of them. */
export function useAskedBefore(): [readonly string[], (sql: string) => void] {
  const [asked, setAsked] = useState(read);
  const remember = useCallback((sql: string) => {
    const next = [sql, ...read().filter((one) => one !== sql)].slice(0, MOST);
    setAsked(next);
    try {
      localStorage.setItem(KEPT, JSON.stringify(next));
    } catch {
      // no room, or not allowed: it is forgotten with the view
    }
  }, []);
  return [asked, remember];
}

function read(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
  } catch {
    return []; // somebody else's text stands there
  }
}
