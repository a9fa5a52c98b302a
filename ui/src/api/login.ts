import { useQuery } from "@tanstack/react-query";
import { api, body, problem, type Schemas } from "./client";

export const LOGIN_KEY = ["login"] as const;

/** Who asks, and whether that has to be said. */
export function useLogin() {
  return useQuery({
    queryKey: LOGIN_KEY,
    queryFn: ({ signal }) => body(api.GET("/api/login", { signal })),
    staleTime: Infinity,
  });
}

export type Right = Schemas["LoginState"]["rights"][number];

/** Whether whoever looks may do what needs `right`; what they may not is not offered. */
export function useMay(right: Right): boolean {
  return useLogin().data?.rights.includes(right) ?? false;
}

/** The tables of which whoever looks sees a part of the rows; none: all rows of all tables. */
export function useFiltered(): readonly string[] {
  return useLogin().data?.filters ?? [];
}

/** Everything is asked anew after it: what one has seen before may be another's. */
export async function logIn(given: Schemas["Login"]): Promise<void> {
  const { error, response } = await api.POST("/api/login", { body: given });
  if (!response.ok) throw problem(error, response);
  location.reload();
}

export async function logOut(): Promise<void> {
  await api.DELETE("/api/login");
  location.reload();
}
