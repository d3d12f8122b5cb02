// How bytes get to a monitor: each runtime has its own way, and what they have to tell apart is the
// same.

/** One GET to one monitor. Redirects are not followed. Rejects where no answer came. */
export type FetchMonitor = (
  monitor: string,
  url: string,
  asked: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<Response>;

/** One POST without a body, on a connection of its own. */
export interface TakeSending {
  readonly monitor: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** on this process's clock (`now`): until which it may leave */
  readonly sendBy: number;
  /** from when it left */
  readonly timeoutMs: number;
  /** a body of more bytes is null */
  readonly bodyLimit: number;
}

export type TakeReply =
  | { readonly kind: "answered"; readonly status: number; readonly body: Uint8Array | null }
  /** the connection was never made, or too late: nothing left */
  | { readonly kind: "unsent"; readonly error: unknown }
  /** it left, and no full answer came */
  | { readonly kind: "silent"; readonly error: unknown; readonly sinceSentMs: number };

/**
 * The most bytes that are read of a reply in all. What frames a body (headers, chunk extensions,
 * trailers, 100 Continue) is no part of it, and could go on for ever.
 */
export function wireLimit(bodyLimit: number): number {
  return 2 * bodyLimit + 64 * 1024;
}

export interface MonitorTransport {
  readonly fetch: FetchMonitor;
  readonly sendTake: (sending: TakeSending) => Promise<TakeReply>;
}
