// The way to one monitor: a Durable Object of its own for each, because an invocation has six
// connections at a time, and a monitor that hangs must take none from the others.
import { DurableObject } from "cloudflare:workers";
import type { Bindings, Door } from "./bindings.ts";
import type { RemoteReply, RemoteSending } from "./remote-take.ts";
import { sendTake } from "./send-take.ts";

export class MonitorDoor extends DurableObject<Bindings> implements Door {
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
