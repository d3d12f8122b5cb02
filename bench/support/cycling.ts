// Clients that enqueue a job, poll until its runner is there, and begin anew. One whose job hangs
// on a dead monitor would sit there for half a minute and leave the generator a client short; in
// life the next job comes from somebody else, so another client takes its place.
import { setTimeout as delay } from "node:timers/promises";
import { apiToken } from "../../test/support/service.ts";
import { type Connection, headerOf, openConnection, postRequest } from "./connection.ts";
import { profileKey } from "./full-house.ts";
import type { Round } from "./rounds.ts";

/** A cycle takes some tens of milliseconds. */
const stuckAfterMs = 500;
const askAgainMs = 20;

export interface Cycling {
  run(ms: number): Promise<Round>;
  /** Polls that were told to wait, by reason. */
  readonly waits: Map<string, number>;
  /** Jobs that somebody else was started for. */
  stuck(): number;
  close(): void;
}

export function createCycling(url: string, clients: number): Cycling {
  const waits = new Map<string, number>();
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  let stuck = 0;

  const open = async (): Promise<Connection> => {
    const connection = idle.pop() ?? (await openConnection(url));
    all.add(connection);
    return connection;
  };
  const cycle = async (connection: Connection): Promise<void> => {
    const uniqueId = crypto.randomUUID();
    const query = `unique_id=${uniqueId}&qualified_repo=servo/servo&run_id=19000000000`;
    const ticket = await connection.send(postRequest(`/profile/${profileKey}/enqueue?${query}`, apiToken));
    if (ticket.status !== 200) throw new Error(`enqueue was answered ${ticket.head} ${ticket.body}`);
    const poll = postRequest(`/take/${uniqueId}?token=${ticket.body}`);
    for (;;) {
      const { status, head, body } = await connection.send(poll);
      if (status === 200 && body !== "null") return;
      if (status !== 503) throw new Error(`a take was answered: ${head} ${body}`);
      const reason = headerOf(head, "x-queue-reason") ?? "none";
      waits.set(reason, (waits.get(reason) ?? 0) + 1);
      await delay(askAgainMs);
    }
  };

  return {
    waits,
    stuck: () => stuck,
    async run(ms) {
      const begun = performance.now();
      let done = 0;
      const client = async () => {
        let connection = await open();
        while (performance.now() - begun < ms) {
          let isStuck = false;
          const current = connection;
          const finished = cycle(current).then(
            () => {
              if (isStuck) idle.push(current);
              return true;
            },
            (error: unknown) => {
              if (!isStuck) throw error;
              return true;
            },
          );
          const timer = new AbortController();
          const inTime = await Promise.race([
            finished,
            delay(stuckAfterMs, false, { signal: timer.signal }).catch(() => false),
          ]);
          timer.abort();
          if (inTime) {
            done += 1;
          } else {
            isStuck = true;
            stuck += 1;
            connection = await open();
          }
        }
        idle.push(connection);
      };
      await Promise.all(Array.from({ length: clients }, client));
      return { done, ms: performance.now() - begun };
    },
    close: () => {
      for (const connection of all) connection.close();
    },
  };
}
