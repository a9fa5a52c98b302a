/** An error as the server tells it (RFC 9457), or as the page makes it of what it meets. */
export interface ProblemBody {
  title: string;
  detail?: string | undefined;
  hint?: string | undefined;
  status?: number | undefined;
  code?: string | undefined;
  [member: string]: unknown;
}

export class Problem extends Error {
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title);
    this.name = "Problem";
    this.body = body;
  }
}

const UNREACHABLE: ProblemBody = {
  title: "The server cannot be reached",
  detail: "The process that ran this project has ended, or the network is down.",
  hint: "Start it with `penstock run`; the page comes back by itself.",
};

/** Whether the server was not there, or went away before it had answered. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError && /fetch|network|load failed/i.test(error.message);

/** Anything that was thrown, as a problem. */
export function problemOf(error: unknown): ProblemBody {
  if (error instanceof Problem) return error.body;
  if (isUnreachable(error)) return UNREACHABLE;
  if (error instanceof Error) return { title: "The page made a mistake", detail: error.message };
  if (isBody(error)) return error;
  return { title: "Something went wrong", detail: String(error) };
}

function isBody(value: unknown): value is ProblemBody {
  return typeof value === "object" && value !== null && "title" in value && typeof value.title === "string";
}
