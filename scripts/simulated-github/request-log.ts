// What was asked of the simulated GitHub, in order, and what the real one would have objected to.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface SeenRequest {
  readonly method: string;
  /** With query, as it was sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether a whole answer was sent; may become true later. */
  readonly answered: boolean;
  /** Of that answer; null without one. */
  readonly status: number | null;
}

export interface RequestLog {
  readonly requests: readonly SeenRequest[];
  readonly violations: readonly string[];
  /** Writes a request down at its receipt, and tells those who wait for it. */
  record(request: IncomingMessage, response: ServerResponse): SeenRequest;
  object(request: SeenRequest, what: string): void;
  next(pathMatches: RegExp): Promise<SeenRequest>;
}

export function createRequestLog(): RequestLog {
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  const waiting = new Set<(request: SeenRequest) => void>();

  return {
    requests,
    violations,
    record(request, response) {
      const seen = {
        method: request.method ?? "",
        path: request.url ?? "/",
        headers: readHeaders(request),
        answered: false,
        status: null as number | null,
      };
      response.once("finish", () => {
        seen.answered = true;
        seen.status = response.statusCode;
      });
      requests.push(seen);
      for (const tell of [...waiting]) tell(seen);
      return seen;
    },
    object(request, what) {
      violations.push(`${request.method} ${request.path}: ${what}`);
    },
    next: (pathMatches) =>
      new Promise((resolve) => {
        function look(request: SeenRequest): void {
          // Not test(): it has a memory where the expression is global.
          if (request.path.search(pathMatches) < 0) return;
          waiting.delete(look);
          resolve(request);
        }
        waiting.add(look);
      }),
  };
}

function readHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}
