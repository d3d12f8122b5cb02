// A thousand clients that wait for a runner, each in one of the ways that clients have, and a fleet
// where now and then one runner turns idle: how long until somebody holds it, and how often did
// those who wait ask.
import { setTimeout as delay } from "node:timers/promises";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { createTickets } from "../../src/auth/ticket.ts";
import type { QueueOver } from "../../test/support/queue-over.ts";
import { apiToken } from "../../test/support/service.ts";
import { type Connection, headerOf, openConnection, postRequest } from "./connection.ts";
import { fillLine, profileKey } from "./full-house.ts";

export interface WayToWait {
  readonly name: string;
  /** what the take asks for beside its token */
  readonly query: string;
  /**
   * sleeps as Retry-After says before it asks again, as `curl --retry` does; else it asks again at
   * once
   */
  readonly obeysRetryAfter: boolean;
  readonly monitorsPush: boolean;
}

export interface WaitingFigures {
  /** from idle to in the client's hands, in order */
  readonly latenciesMs: readonly number[];
  readonly requestsPerJobAndMinute: number;
}

export interface WaitingSetup {
  readonly urls: readonly string[];
  readonly queue: QueueOver;
  readonly monitors: readonly SimulatedMonitor[];
  readonly monitorToken: string;
  readonly clients: number;
  /** between one runner that turns idle and the next, on average */
  readonly everyMs: number;
}

/**
 * Jobs are put in line, their clients wait, runners turn idle for `seconds`, and all clients hang
 * up.
 */
export async function measureWaiting(way: WayToWait, setup: WaitingSetup, seconds: number): Promise<WaitingFigures> {
  const { urls, queue, monitors, clients, everyMs } = setup;
  const tickets = await createTickets([apiToken]);
  const open = new Set<Connection>();
  const idleSince = new Map<string, number>();
  const latenciesMs: number[] = [];
  let requests = 0;
  let isOver = false;
  const listeners = monitors.map((monitor) =>
    monitor.onRunnerChange((change, runner) => {
      if (change === "idle")
        idleSince.set(`ci-runner-${runner.profile}.${runner.id}@${monitor.name}`, performance.now());
    }),
  );

  const startClient = async (at: number): Promise<void> => {
    const [job] = await fillLine(queue, 1);
    if (job === undefined) return;
    const connection = await openConnection(urls[at % urls.length] ?? "");
    open.add(connection);
    const request = postRequest(`/take/${job.uniqueId}?token=${await tickets.issue(job)}${way.query}`);
    const wait = async (): Promise<void> => {
      while (!isOver) {
        requests += 1;
        const { status, head, body } = await connection.send(request);
        if (status === 200) return noteAnswer(body);
        if (status !== 503) throw new Error(`a take was answered: ${head}`);
        if (way.obeysRetryAfter) await delay(Number(headerOf(head, "retry-after")) * 1000);
      }
    };
    wait()
      .then(() => {
        connection.close();
        open.delete(connection);
        // somebody else comes for the one who was served
        return isOver ? undefined : startClient(at);
      })
      .catch((error: unknown) => {
        if (!isOver) throw error;
      });
  };
  const noteAnswer = (body: string): void => {
    // monitors of today answer a list of one
    const [served] = [JSON.parse(body)].flat() as { runner: { registration: { name: string } } }[];
    const since = idleSince.get(served?.runner.registration.name ?? "");
    if (since !== undefined) latenciesMs.push(performance.now() - since);
  };

  for (let at = 0; at < clients; at++) await startClient(at);
  // until the crowd of the beginning has spread
  await delay(6_000);
  const [requestsBefore, begun] = [requests, performance.now()];
  latenciesMs.length = 0;
  for (let at = 0; performance.now() - begun < seconds * 1000; at++) {
    await delay(everyMs * (0.5 + Math.random()));
    const monitor = monitors[at % monitors.length];
    if (monitor === undefined) break;
    monitor.freeOne(profileKey);
    if (way.monitorsPush) await push(urls[at % urls.length] ?? "", monitor.name, setup.monitorToken);
  }
  const minutes = (performance.now() - begun) / 60_000;
  const figures = { requestsPerJobAndMinute: (requests - requestsBefore) / clients / minutes };
  await delay(3_000);
  isOver = true;
  for (const end of listeners) end();
  for (const connection of open) connection.close();
  for (const job of (await queue.overview(profileKey, 5_000)).jobs.map(({ job: one }) => one))
    await queue.cancel(profileKey, job.uniqueId, null);
  return { ...figures, latenciesMs: latenciesMs.toSorted((a, b) => a - b) };
}

async function push(url: string, monitor: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const reply = await fetch(`${url}/monitors/${monitor}/changed`, { method: "POST", headers });
  if (reply.status !== 204) throw new Error(`a push was answered ${reply.status}`);
}
