// The way to the monitors through their doors, as the queue's home uses it.
import type { MonitorTransport } from "../monitors/called/transport.ts";
import type { Bindings } from "./bindings.ts";

/**
 * A door that does not answer may have sent what it was given, or may still do so in its time:
 * silence, counted from then on.
 */
export function createDoorTransport(doors: Bindings["DOOR"]): MonitorTransport {
  return {
    fetch: (monitor, url, asked) => doors.getByName(monitor).fetch(new Request(url, { redirect: "manual", ...asked })),
    sendTake: async ({ sendBy, ...sending }) => {
      const sendByDate = Date.now() + sendBy - performance.now();
      try {
        const reply = await doors.getByName(sending.monitor).sendTake({ ...sending, sendByDate });
        if (reply.kind === "answered") return reply;
        return { ...reply, error: Object.assign(new Error("no answer"), { code: reply.code }) };
      } catch (error) {
        return { kind: "silent", error, sinceSentMs: Math.min(0, performance.now() - sendBy) };
      }
    },
  };
}
