import createClient from "openapi-fetch";
import { exactFetch } from "./exact";
import { Problem, type ProblemBody } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** What changes something says what it sends, also where it sends nothing: no form of another page can. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: exactFetch,
  headers: { "content-type": "application/json" },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer; what the server refuses is thrown as a Problem. */
export async function body<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  throw problem(error, response);
}

export function problem(error: unknown, response: Response): Problem {
  const told = (typeof error === "object" && error !== null ? error : {}) as Partial<ProblemBody>;
  const title = told.title ?? `The server answered ${response.status}`;
  return new Problem({ ...told, title, status: response.status });
}
