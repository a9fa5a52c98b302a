import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Filters } from "../router";

/** The filters of this view, kept in its address; `replace` where a step back would not be wanted. */
export function useFilters(): [Filters, (change: Filters, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as Filters;
  const navigate = useNavigate();
  const change = useCallback(
    (next: Filters, replace = false) =>
      void navigate({ to: ".", search: (held) => ({ ...(held as Filters), ...next }), replace }),
    [navigate],
  );
  return [search, change];
}
