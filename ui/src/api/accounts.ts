import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body, problem, type Schemas } from "./client";

export type User = Schemas["UserAnswer"];
export type Role = User["role"];
export type Token = Schemas["TokenAnswer"];
export type Scope = Token["scope"];
export type Change = Schemas["penstock__server__api__audit__ChangeAnswer"];

const AGAIN = 10_000;

export const useUsers = (wanted = true) =>
  useQuery({
    queryKey: ["users"],
    queryFn: async () => (await body(api.GET("/api/users"))) as User[],
    refetchInterval: AGAIN,
    enabled: wanted,
  });

export const useTokens = () =>
  useQuery({ queryKey: ["tokens"], queryFn: () => body(api.GET("/api/tokens")), refetchInterval: AGAIN });

/** What the acts on users and tokens have in common: afterwards both are asked anew. */
function useAct<Given, Told>(act: (given: Given) => Promise<Told>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () =>
      Promise.all(["users", "tokens", "audit"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

const of = (name: string) => ({ params: { path: { name } } });

export const useAddUser = () => useAct((given: Schemas["NewUser"]) => body(api.POST("/api/users", { body: given })));

export const useSetRole = (name: string) =>
  useAct((role: Role) => body(api.PUT("/api/users/{name}/role", { ...of(name), body: { role } })));

export const useSetPassword = (name: string) =>
  useAct((password: string | null) => body(api.PUT("/api/users/{name}/password", { ...of(name), body: { password } })));

export const useRemoveUser = (name: string) => useAct(() => body(api.DELETE("/api/users/{name}", of(name))));

export interface NewFilter {
  table: string;
  /** Undefined takes the filter away. */
  where: Schemas["NewFilter"]["where"] | undefined;
}

export const useSetFilter = (name: string) =>
  useAct(({ table, where }: NewFilter) => {
    const params = { path: { name, table } };
    return where === undefined
      ? body(api.DELETE("/api/users/{name}/filters/{table}", { params }))
      : body(api.PUT("/api/users/{name}/filters/{table}", { params, body: { where } }));
  });

export const useMakeToken = () =>
  useAct((given: Schemas["NewToken"]) => body(api.POST("/api/tokens", { body: given })));

export const useRevokeToken = (id: string) =>
  useAct(() => body(api.DELETE("/api/tokens/{id}", { params: { path: { id } } })));

export const useOwnPassword = () =>
  useAct((given: Schemas["OwnPassword"]) => body(api.PUT("/api/login/password", { body: given })));

export interface AuditAsked {
  by?: string | undefined;
  act?: string | undefined;
  on?: string | undefined;
}

/** Who has changed what, the newest first. */
export const useAudit = (asked: AuditAsked) =>
  useInfiniteQuery({
    queryKey: ["audit", asked.by, asked.act, asked.on],
    queryFn: ({ pageParam }) => {
      const { by, act, on } = asked;
      const query = { ...(by ? { by } : {}), ...(act ? { act } : {}), ...(on ? { on } : {}) };
      return body(
        api.GET("/api/audit", { params: { query: pageParam === null ? query : { ...query, cursor: pageParam } } }),
      );
    },
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next ?? undefined,
  });

export type Setting = Schemas["SettingAnswer"];

/** All settings, and the tag of the file that they are in. */
export const useSettings = () =>
  useQuery({
    queryKey: ["settings"],
    queryFn: async () => {
      const { data, error, response } = await api.GET("/api/settings");
      if (!data) throw problem(error, response);
      return { settings: data, tag: response.headers.get("etag") ?? "" };
    },
  });

/** Changes one in the file as it was read; null takes it out. The settings are asked anew also where it is refused:
 * the file may be another. */
export function useChangeSetting() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ section, name, value, tag }: { section: string; name: string; value: Given; tag: string }) =>
      body(
        api.PUT("/api/settings/{section}/{name}", {
          params: { path: { section, name }, header: { "if-match": tag } },
          body: { value },
        }),
      ),
    onSettled: () => Promise.all(["settings", "audit"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

type Given = Schemas["NewSetting"]["value"];
