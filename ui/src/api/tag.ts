import { Problem } from "./problem";

/** The tag to write over a file whatever is in it now; `*` where it is gone. */
export async function tagNow(read: Promise<{ tag: string }>): Promise<string> {
  try {
    return (await read).tag;
  } catch (error) {
    if (error instanceof Problem && error.body.status === 404) return "*";
    throw error;
  }
}
