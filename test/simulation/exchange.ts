// One request over the wire and its reply. The caller waits as long as it likes: what comes after
// that changes nothing for it, but it was carried out all the same.
import type { FaultTally } from "./fault-tally.ts";
import type { Machine } from "./machine.ts";
import type { Way, Wire } from "./wire.ts";

export interface Exchange<Reply> {
  readonly way: Way;
  readonly caller: Machine;
  /** the name of who is asked */
  readonly to: string;
  /** Whether it changes nothing to be asked twice. */
  readonly isRead: boolean;
  /** Whether the caller still waits. */
  isAwaited(): boolean;
  /** Carries the request out at the other end. It may reply later, or never. */
  serve(reply: (given: Reply) => void): void;
  /** The reply is there. Called again for one that comes twice. */
  hear(given: Reply): void;
}

const doubledAfterMs = { client: 400, store: 5, monitor: 0 } as const;

export function exchange<Reply>(wire: Wire, tally: FaultTally, asked: Exchange<Reply>): void {
  const { way, caller, to, isRead } = asked;
  const deliver = (given: Reply, isLate: boolean): void => {
    if (isLate && !asked.isAwaited()) tally.bit(`${way}_late_reply`);
    asked.hear(given);
  };
  const reply = (given: Reply): void => {
    if (wire.areParted(caller.name, to)) return tally.bit("partition");
    const fate = wire.fateOfReply(way);
    if (fate === "lost") {
      if (asked.isAwaited()) tally.bit(`${way}_lost_reply`);
      return;
    }
    const extraMs = fate === "comes" ? 0 : fate.extraMs;
    wire.after(wire.latencyMs(way) + extraMs, () => caller.deliver(() => deliver(given, extraMs > 0)));
  };
  const serve = (isLate: boolean): void => {
    if (isLate && !asked.isAwaited()) tally.bit(`${way}_late_request`);
    asked.serve(reply);
  };

  if (wire.areParted(caller.name, to)) return tally.bit("partition");
  const fate = wire.fateOfRequest(way);
  if (fate === "lost") return tally.bit(`${way}_lost_request`);
  const latencyMs = wire.latencyMs(way);
  const extraMs = typeof fate === "object" ? fate.extraMs : 0;
  wire.after(latencyMs + extraMs, () => serve(extraMs > 0));
  if (fate !== "doubled" || way === "monitor") return;
  wire.after(latencyMs + doubledAfterMs[way], () => {
    if (!isRead) tally.bit(`${way}_doubled_request`);
    serve(false);
  });
}
