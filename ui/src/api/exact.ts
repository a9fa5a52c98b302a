const WHOLE = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g;

/** JSON in which whole numbers beyond those that JavaScript holds exactly (2^53) are texts. */
export const exactJson = (text: string): string =>
  /\d{16}/.test(text)
    ? text.replace(WHOLE, (token) =>
        token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
      )
    : text;

/** As `fetch`, with answers that are `exactJson`. */
export async function exactFetch(request: Request): Promise<Response> {
  const response = await fetch(request);
  if (!response.headers.get("content-type")?.includes("json")) return response;
  const text = await response.text();
  return new Response(text === "" ? null : exactJson(text), response); // an answer without content may have no body
}
