// An answer as a value: routes decide on one, and one place sends it.
import type { ServerResponse } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: null };
}

/** GitHub's "basic error". */
export function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return json(status, { message, documentation_url: "https://docs.github.com/rest", status: String(status) }, headers);
}

export const notFound: Answer = refusal(404, "Not Found");
export const badCredentials: Answer = refusal(401, "Bad credentials");
export const requiresAuthentication: Answer = refusal(401, "Requires authentication");
export const notForThisIntegration: Answer = refusal(403, "Resource not accessible by integration");

export function sendAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers).end(answer.body ?? undefined);
}

/** Calls back after `ms`, unless the caller hung up or the server closed before. */
export function later(response: ServerResponse, ms: number, then: () => void): void {
  if (ms <= 0) {
    then();
    return;
  }
  const timer = setTimeout(then, ms);
  response.once("close", () => clearTimeout(timer));
}
