// A host with a monitor of today on it, which knows nothing of fetching: it is asked as the queue
// would ask it, by the same client. It works on one request at a time, also for callers that are
// gone, so that it is quiet when two requests that wait for its thread were answered.
import { type Clock, delay, limitTime } from "../clock.ts";
import { createMonitorClient } from "../monitors/called/client.ts";
import { nodeTransport } from "../monitors/called/node-transport.ts";
import { nameOfFailure } from "../monitors/called/take-outcome.ts";
import { type AgentHost, type HostList, type ReservedRunner, reservedRunnerSchema, uniqueIdSchema } from "./host.ts";
import { createTrouble } from "./trouble.ts";

export interface MonitorHostOptions {
  /** The monitor's URL, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly say: (words: string) => void;
  readonly clock: Clock;
}

const takeTimeoutMs = 22_000;
const pollTimeoutMs = 1_500;
const pollIntervalMs = 1_000;
/** Without the route that waits for its thread: for so long it may be at work on what was sent. */
const settleMs = 25_000;
const name = "monitor";

export function createMonitorHost({ url, token, say, clock }: MonitorHostOptions): AgentHost {
  const settings = { monitors: [{ name, url }], apiToken: token, takeTimeoutMs, pollTimeoutMs, pollIntervalMs };
  const client = createMonitorClient(settings, nodeTransport, clock);
  /** Before the first: an agent that died may have sent one just now. */
  let sentAt = clock.now();

  const trouble = createTrouble(say, "the monitor's thread answers");
  /** Whether its thread has answered; "absent": it has no such route. */
  const askThread = async (stop: AbortSignal): Promise<"answered" | "absent" | "failed"> => {
    const { signal, end } = limitTime(clock, takeTimeoutMs);
    try {
      const headers = { authorization: `Bearer ${token}` };
      const asked = { headers, signal: AbortSignal.any([signal, stop]) };
      const response = await nodeTransport.fetch(name, `${url}/policy/override`, asked);
      await response.body?.cancel();
      if ([404, 405, 501].includes(response.status)) return "absent";
      trouble.tell(response.status === 200 ? null : `waiting for the monitor's thread: status ${response.status}`);
      return response.status === 200 ? "answered" : "failed";
    } catch (error) {
      trouble.tell(`waiting for the monitor's thread: ${nameOfFailure(signal.aborted ? signal.reason : error)}`);
      return "failed";
    } finally {
      end();
    }
  };

  return {
    list: async () => {
      const read = await client.readDashboard(name);
      if (read.kind === "redrawing") throw new Error("the monitor draws its dashboard anew");
      if (read.kind === "failed") throw new Error(`the monitor's dashboard: ${read.why}`);
      const { counts, runners } = read.dashboard;
      const reservations = runners.flatMap(({ reservedFor, isBusy, shown }): HostList["reservations"] => {
        const runner = reservedRunnerSchema.safeParse(shown);
        if (!runner.success) return [];
        return reservedFor
          .filter((uniqueId) => uniqueIdSchema.safeParse(uniqueId).success)
          .map((uniqueId) => ({ ...runner.data, unique_id: uniqueId, busy: isBusy }));
      });
      return { profiles: Object.fromEntries(counts), reservations };
    },
    reserve: async ({ leg, beginWithinMs, runners, ...job }) => {
      const sendBy = clock.now() + beginWithinMs;
      const ticket = { ...job, runnerCount: runners, place: 0 };
      const notAfter = Math.round(clock.date() + beginWithinMs);
      const outcome = await client.take({ monitor: name, ticket, runners, idempotencyKey: leg, notAfter, sendBy });
      sentAt = clock.now() - (outcome.kind === "silent" ? outcome.sinceSentMs : 0);
      switch (outcome.kind) {
        case "taken":
          return { kind: "reserved", runners: outcome.runners.map(({ body }) => readRunner(body)) };
        case "refused":
        case "unsent":
          return { kind: "nothing", why: `the monitor did not take it (${outcome.what})` };
        case "unknown":
        case "silent":
          return { kind: "unknown", why: outcome.what };
      }
    },
    quiet: async (stop) => {
      let answered = 0;
      while (answered < 2) {
        const how = await askThread(stop);
        stop.throwIfAborted();
        if (how === "answered") {
          answered++;
          continue;
        }
        // a failure may be its restart, after which the count begins anew
        answered = 0;
        const leftMs = how === "absent" ? sentAt + settleMs - clock.now() : pollIntervalMs;
        if (leftMs <= 0) return;
        await delay(clock, Math.min(leftMs, pollIntervalMs));
      }
    },
  };
}

/** One runner, or a list of one: what the client gave was a runner. */
function readRunner(body: string): ReservedRunner {
  return reservedRunnerSchema.parse([JSON.parse(body)].flat()[0]);
}
