import { useCallback, useMemo } from "react";
import { useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";

/** The filters of a view, as they stand in its address: names and texts. */
export type Filters = Record<string, string | undefined>;

/** The filters of this view, kept in its address; `replace` where a step back would not be wanted. */
export function useFilters(): [Filters, (change: Filters, replace?: boolean) => void] {
  const search = useSearch();
  const filters = useMemo<Filters>(() => Object.fromEntries(new URLSearchParams(search)), [search]);
  const change = useCallback((next: Filters, replace = false) => {
    const held = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(next)) {
      if (value) held.set(name, value);
      else held.delete(name);
    }
    const text = held.toString();
    navigate(location.pathname + (text && `?${text}`), { replace });
  }, []);
  return [filters, change];
}
