// The queue as a client sees it: one request, one reply, or silence and why. Nothing here is
// retried, and no redirect is followed: that would turn a POST into a GET, and hand the token to
// whoever is named.

export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface Silence {
  readonly kind: "silence";
  readonly why: string;
  /** False where the request certainly never left. */
  readonly mayHaveArrived: boolean;
}

export interface Request {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly bearer?: string | undefined;
  /** over and above the bearer */
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMs: number;
  /** Absent: the request is seen through to its end. */
  readonly signal?: AbortSignal;
}

export interface QueueClient {
  readonly url: string;
  /** Rejects only when the request's signal aborts. */
  send(request: Request): Promise<Reply | Silence>;
}

/** No reply of a queue is longer; a hundred runners are far below it. */
const longestBody = 4 * 1024 * 1024;

export function createQueueClient(url: string): QueueClient {
  return {
    url,
    async send({ method, url, bearer, headers: more, withinMs, signal }) {
      const tooLate = AbortSignal.timeout(withinMs);
      const headers = { ...more, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) };
      try {
        const response = await fetch(url, {
          method,
          headers,
          redirect: "manual",
          signal: signal === undefined ? tooLate : AbortSignal.any([signal, tooLate]),
        });
        return { kind: "reply", status: response.status, headers: response.headers, body: await readBody(response) };
      } catch (error) {
        signal?.throwIfAborted();
        if (tooLate.aborted) return silence(`none within ${withinMs / 1000} s`, true);
        return describeFailure(error);
      }
    },
  };
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longestBody) throw new Error("endless body");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const neverConnected: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name of the host could not be looked up",
  EHOSTUNREACH: "the host is unreachable",
  ENETUNREACH: "the network is unreachable",
  UND_ERR_CONNECT_TIMEOUT: "no connection was made in time",
};

/** Never what was sent: a message of fetch may hold it, a code does not. */
function describeFailure(error: unknown): Silence {
  const code = codeOf(error);
  const words = neverConnected[code];
  if (words !== undefined) return silence(words, false);
  if (/CERT|SSL|TLS/.test(code)) return silence(`the certificate or the encryption is wrong (${code})`, false);
  return silence(`the connection broke (${code})`, true);
}

/**
 * The innermost code: fetch wraps the cause, and a host with several addresses makes a list of
 * them.
 */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return "unknown";
  if (error.cause !== undefined) return codeOf(error.cause);
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  return error.message === "bad port" || error.message === "endless body" ? error.message : error.name;
}

function silence(why: string, mayHaveArrived: boolean): Silence {
  return { kind: "silence", why, mayHaveArrived };
}
