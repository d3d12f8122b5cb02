// The way to one monitor: a Durable Object of its own for each, because an invocation has six connections at a time, and a monitor that hangs must
// take none from the others.
import { DurableObject } from "cloudflare:workers";
import type { MonitorTransport, TakeReply, TakeSending } from "../monitors/transport.ts";
import type { Bindings } from "./bindings.ts";
import { sendTake } from "./send-take.ts";

/** A sending whose time is told on the clock that all machines share, ms since 1970: performance.now() is each one's own. */
export type RemoteSending = Omit<TakeSending, "sendBy"> & { readonly sendByDate: number };

/** A reply that survives RPC, which loses the class of an error. */
export type RemoteReply =
  | Extract<TakeReply, { kind: "answered" }>
  | { readonly kind: "unsent" | "silent"; readonly code: string; readonly sinceSentMs: number };

export class MonitorDoor extends DurableObject<Bindings> {
  /** Dashboards and the barrier: handed on as they are. */
  async fetch(request: Request): Promise<Response> {
    return await fetch(request);
  }

  async sendTake({ sendByDate, ...sending }: RemoteSending): Promise<RemoteReply> {
    const reply = await sendTake({ ...sending, sendBy: performance.now() + sendByDate - Date.now() });
    if (reply.kind === "answered") return reply;
    const { code, name } = reply.error as { code?: unknown; name?: unknown };
    const sinceSentMs = reply.kind === "silent" ? reply.sinceSentMs : 0;
    return { kind: reply.kind, code: String(code ?? name ?? "error"), sinceSentMs };
  }
}

/** Through the doors. A door that does not answer may have sent what it was given: silence, from now on. */
export function createDoorTransport(doors: Bindings["DOOR"]): MonitorTransport {
  return {
    fetch: (monitor, url, init) => doors.getByName(monitor).fetch(new Request(url, init)),
    sendTake: async ({ sendBy, ...sending }) => {
      const begunAt = performance.now();
      const sendByDate = Date.now() + sendBy - begunAt;
      try {
        const reply = await doors.getByName(sending.monitor).sendTake({ ...sending, sendByDate });
        if (reply.kind === "answered") return reply;
        return { ...reply, error: Object.assign(new Error("no answer"), { code: reply.code }) };
      } catch (error) {
        return { kind: "silent", error, sinceSentMs: 0 };
      }
    },
  };
}
