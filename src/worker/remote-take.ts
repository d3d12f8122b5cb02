// A take on its way between Durable Objects: RPC copies values, so clocks and errors take other
// forms than in one process.
import type { TakeReply, TakeSending } from "../monitors/called/transport.ts";

/**
 * A sending whose time is told on the clock that all machines share, ms since 1970:
 * performance.now() is each one's own.
 */
export type RemoteSending = Omit<TakeSending, "sendBy"> & { readonly sendByDate: number };

/** A reply that survives RPC, which loses the class of an error. */
export type RemoteReply =
  | Extract<TakeReply, { kind: "answered" }>
  | { readonly kind: "unsent" | "silent"; readonly code: string; readonly sinceSentMs: number };
