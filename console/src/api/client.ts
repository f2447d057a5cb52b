import { authorization } from "./credentials";

/** The server answered, and refused (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly detail: string | null;
  readonly correlationId: string | null;

  constructor(status: number, body: unknown) {
    const fields = isRecord(body) ? body : {};
    super(text(fields.title) ?? `The server answered ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = text(fields.code);
    this.detail = text(fields.detail);
    this.correlationId = text(fields.correlation_id);
  }
}

/** No usable answer came: refused connection, time-out, or something that is not this API. */
export class Unreachable extends Error {
  constructor(cause: string) {
    super(cause);
    this.name = "Unreachable";
  }
}

const timeoutMs = 8_000;

/**
 * Reads one resource of the API on the same origin. Throws Problem when the server refuses and
 * Unreachable when it does not answer in time; an abort by `signal` passes through unchanged.
 */
export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      headers: { Accept: "application/json", ...authorization() },
      cache: "no-store",
      signal: AbortSignal.any([signal, deadline]),
    });
    const raw = await response.text();
    body = raw === "" ? null : parse(raw);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Unreachable(
      deadline.aborted
        ? `no answer within ${timeoutMs / 1000} seconds`
        : "the connection failed",
    );
  }
  if (!response.ok) throw new Problem(response.status, body);
  if (body === undefined) throw new Unreachable("the answer was not JSON");
  return body as T;
}

/** `undefined` for text that is not JSON, which JSON itself cannot express. */
function parse(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A query string without the empty parameters, "" when nothing is left. */
export function queryString(params: Record<string, string | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, value);
  }
  const rendered = search.toString();
  return rendered === "" ? "" : `?${rendered}`;
}
