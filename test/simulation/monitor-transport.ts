// How one instance's bytes get to the hosts of the simulated world. A connection that is never made
// is told apart from a reply that never comes, as the production's transports do.
import { watchTake } from "../../src/monitors/called/take-watch.ts";
import type { MonitorTransport } from "../../src/monitors/called/transport.ts";
import { exchange } from "./exchange.ts";
import type { FaultTally } from "./fault-tally.ts";
import type { Host, HostReply } from "./host.ts";
import type { Machine } from "./machine.ts";
import type { Wire } from "./wire.ts";

export interface MonitorLink {
  readonly machine: Machine;
  readonly wire: Wire;
  readonly tally: FaultTally;
  readonly hosts: ReadonlyMap<string, Host>;
}

const refused = Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" });
const reset = Object.assign(new Error("the connection broke off"), { code: "ECONNRESET" });

export function createMonitorTransport({ machine, wire, tally, hosts }: MonitorLink): MonitorTransport {
  const pathOf = (url: string) => url.slice(url.indexOf("/", "http://".length));
  /**
   * Calls back when the connection stands, with null, or when it is refused. Never where the wire
   * is parted.
   */
  const connect = (host: Host, then: (error: Error | null) => void): void => {
    if (wire.areParted(machine.name, host.name)) return tally.bit("partition");
    wire.after(wire.latencyMs("monitor"), () => {
      if (host.isDown) tally.bit("monitor_down");
      const error = host.isDown ? refused : null;
      machine.deliver(() => then(error));
    });
  };
  const hostOf = (monitor: string): Host => {
    const host = hosts.get(monitor);
    if (host === undefined) throw new Error(`no host is called ${monitor}`);
    return host;
  };

  return {
    fetch: (monitor, url, { signal }) =>
      new Promise((resolve, reject) => {
        const host = hostOf(monitor);
        let isAwaited = true;
        const end = (act: () => void): void => {
          if (isAwaited) act();
          isAwaited = false;
        };
        signal.addEventListener("abort", () => end(() => reject(signal.reason)), { once: true });
        connect(host, (error) => {
          if (error !== null) return end(() => reject(error));
          exchange<HostReply>(wire, tally, {
            way: "monitor",
            caller: machine,
            to: host.name,
            isRead: true,
            isAwaited: () => isAwaited,
            serve: (reply) => host.serve("GET", pathOf(url), reply),
            hear: (given) =>
              end(() => {
                if (given === null) reject(reset);
                else resolve(new Response(given.body, { status: given.status }));
              }),
          });
        });
      }),
    sendTake: (sending) =>
      new Promise((resolve) => {
        const host = hostOf(sending.monitor);
        let isAwaited = true;
        const { mayLeave, finish, fail } = watchTake(machine.clock, sending, (reply) => {
          isAwaited = false;
          resolve(reply);
        });
        connect(host, (error) => {
          if (error !== null) return fail(error);
          if (!mayLeave()) return;
          exchange<HostReply>(wire, tally, {
            way: "monitor",
            caller: machine,
            to: host.name,
            isRead: false,
            isAwaited: () => isAwaited,
            serve: (reply) => host.serve("POST", pathOf(sending.url), reply),
            hear: (given) => {
              if (given === null) fail(reset);
              else finish({ kind: "answered", status: given.status, body: new TextEncoder().encode(given.body) });
            },
          });
        });
      }),
  };
}
