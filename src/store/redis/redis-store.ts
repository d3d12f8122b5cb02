// The store that all instances share: one Lua script per operation, each atomic, each safe to run twice, on Redis's own clock.

import { z } from "zod";
import type { Observe } from "../../queue/events.ts";
import type { Drained } from "../../queue/fleet.ts";
import { isOpen, isOver, type Ticket } from "../../queue/job.ts";
import type { DashboardNews, EnqueueReply, Store } from "../../queue/ports.ts";
import { StoreUnavailable } from "../../queue/ports.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import { openConnection } from "./connection.ts";
import {
  chartKey,
  fleetKey,
  freedKey,
  idKey,
  monitorKey,
  placeKey,
  profileKeys,
  profilesKey,
  slotsKey,
} from "./keys.ts";
import { createMissedNews } from "./missed-news.ts";
import { createOperatorCommands } from "./operator-commands.ts";
import {
  parseCancelReply,
  parseEnqueueReply,
  parseFleet,
  parseInspectReply,
  parsePollReply,
  parseRecord,
  parseSettleReply,
  parseSweepReply,
} from "./replies.ts";
import { writeProfileScript, writeScript } from "./script-settings.ts";
import { monitorScripts, profilePreamble, profileScripts } from "./scripts.generated.ts";
import { createWakeNews } from "./wake-news.ts";

/** How long an id's profile is remembered: longer than any workflow waits for a runner. */
const idTtlMs = 24 * 3_600_000;

type Script = keyof typeof profileScripts | keyof typeof monitorScripts;
type RunScript = (numberOfKeys: number, ...args: (string | number)[]) => Promise<unknown>;

/** @param now the clock for tests, ms; in production Redis's own is used */
export function createRedisStore(
  url: string,
  settings: QueueSettings,
  observe: Observe = () => {},
  now?: () => number,
): Store {
  const connection = openConnection(url, observe);
  const { redis } = connection;
  for (const [name, lua] of Object.entries(profileScripts)) {
    redis.defineCommand(name, {
      lua: writeScript(writeProfileScript(profilePreamble, lua), settings),
    });
  }
  for (const [name, lua] of Object.entries(monitorScripts)) redis.defineCommand(name, { lua });
  const scripts = redis as unknown as Record<Script, RunScript>;
  const clock = () => now?.() ?? 0;

  const reached = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isBug(error)) throw error;
      if (error instanceof Error && error.message.includes("STALEMARKER")) connection.noteStaleMarker();
      throw new StoreUnavailable("Redis did not do it", { cause: error });
    }
  };
  const runOnProfile = (
    script: keyof typeof profileScripts,
    profileKey: string,
    uniqueId: string,
    args: (string | number)[],
    moreKeys: string[] = [],
  ) =>
    reached(async () => {
      const known = connection.marker();
      const marker = typeof known === "string" ? known : await known;
      const keys = [...profileKeys(profileKey, uniqueId), ...moreKeys];
      return await scripts[script](keys.length, ...keys, clock(), marker, uniqueId, ...args);
    });
  const runOnMonitor = (script: keyof typeof monitorScripts, key: string, args: (string | number)[]) =>
    reached(async () => {
      await connection.marker();
      return await scripts[script](1, key, clock(), ...args);
    });
  const command = <T>(send: () => Promise<T>): Promise<T> =>
    reached(async () => {
      await connection.marker();
      return await send();
    });

  /**
   * Books an id for a profile, or says that there is another job of that name: in another profile, or spelt alike but for its case. Monitors
   * name a job in a label, and GitHub compares labels without regard to case.
   */
  const bookId = async (uniqueId: string, profileKey: string): Promise<"booked" | "conflict" | "settling"> => {
    const booking = `${profileKey} ${uniqueId}`;
    const known = await command(() => redis.set(idKey(uniqueId), booking, "PX", idTtlMs, "NX", "GET"));
    if (known === null || known === booking) return "booked";
    const [otherProfile = "", otherId = ""] = known.split(" ");
    const other = await inspect(otherProfile, otherId);
    if (other.kind === "job") {
      if (isOver(other.job.state) && other.job.claim?.legs.some(isOpen)) return "settling";
      if (!isOver(other.job.state) || other.job.state === "taken") return "conflict";
    }
    await command(() => redis.set(idKey(uniqueId), booking, "PX", idTtlMs));
    return "booked";
  };
  /** A job that the store had lost came back by something else than a poll: its profile and its name are known again as well. */
  const noteReadmission = async (reply: unknown, profileKey: string, uniqueId: string): Promise<void> => {
    if (!Array.isArray(reply) || reply[3] !== 1) return;
    await command(() => redis.sadd(profilesKey, profileKey));
    await bookId(uniqueId, profileKey);
  };
  const inspect: Store["inspect"] = async (profileKey, uniqueId) =>
    parseInspectReply(await runOnProfile("inspect", profileKey, uniqueId, []), settings);
  const enqueue: Store["enqueue"] = async ({ request, isFleetKnown, mostRunnersBefore }): Promise<EnqueueReply> => {
    const { uniqueId, profileKey, runnerCount, qualifiedRepo, runId } = request;
    const isKnownProfile = (await command(() => redis.sismember(profilesKey, profileKey))) === 1;
    if (!isKnownProfile) return isFleetKnown ? { kind: "unsatisfiable", targets: 0 } : { kind: "fleet_unknown" };
    const booked = await bookId(uniqueId, profileKey);
    if (booked !== "booked") return { kind: booked };
    const args = [runnerCount, qualifiedRepo, runId, isFleetKnown ? "1" : "0", mostRunnersBefore ?? ""];
    return parseEnqueueReply(await runOnProfile("enqueue", profileKey, uniqueId, args, [placeKey(profileKey)]));
  };
  const poll: Store["poll"] = async ({ ticket, claimId, owner, spread, holdMs, holder }) => {
    const args = [...ticketArgs(ticket), claimId, owner, spread, Math.round(holdMs), holder];
    const reply = parsePollReply(await runOnProfile("poll", ticket.profileKey, ticket.uniqueId, args));
    if ("isReadmitted" in reply && reply.isReadmitted) {
      await command(() => redis.sadd(profilesKey, ticket.profileKey));
      await bookId(ticket.uniqueId, ticket.profileKey);
    }
    return reply;
  };
  const finishPoll: Store["finishPoll"] = async (monitor, askedAt, news, { nextInMs, restInMs }) => {
    const shown = news.kind === "snapshot" ? [...news.counts.keys()] : [];
    const args = [askedAt, news.kind, Math.round(nextInMs), JSON.stringify(shown)];
    const record = parseRecord(await runOnMonitor("finishPoll", monitorKey(monitor), args));
    if (news.kind === "redrawing") return { record, isResting: false };
    const drained = await loadDrained(monitor);
    const wanted = await Promise.all(
      record.profiles.map((profileKey) => saveSnapshot(profileKey, monitor, askedAt, news, drained)),
    );
    const isResting = news.kind === "snapshot" && !wanted.includes(true);
    if (isResting) await runOnMonitor("rest", monitorKey(monitor), [askedAt, Math.round(restInMs)]);
    return { record, isResting };
  };
  const saveSnapshot = async (
    profileKey: string,
    monitor: string,
    askedAt: number,
    news: DashboardNews,
    { drainedAt, drainedUntil }: Drained,
  ): Promise<boolean> => {
    const counts = news.kind === "snapshot" ? news.counts.get(profileKey) : undefined;
    if (counts !== undefined) await command(() => redis.sadd(profilesKey, profileKey));
    const { idle, target, healthy } = counts ?? { idle: 0, target: 0, healthy: 0 };
    const isFailed = news.kind === "failed" ? "1" : "0";
    const args = [askedAt, isFailed, idle, target, healthy, drainedAt, drainedUntil];
    return (await runOnProfile("saveSnapshot", profileKey, monitor, args, [freedKey(profileKey)])) === 1;
  };
  const operators = createOperatorCommands(redis, command, runOnProfile, runOnMonitor, clock);
  const { loadDrained } = operators;
  const news = createWakeNews(url);

  return {
    ping: async () => void (await command(() => redis.ping())),
    enqueue,
    poll,
    inspect,
    finishPoll,
    renew: async (ticket, claimId, owner, isClientPresent) => {
      const args = [claimId, owner, isClientPresent ? "1" : "0"];
      return (await runOnProfile("renew", ticket.profileKey, ticket.uniqueId, args)) === 1;
    },
    settle: async (ticket, settlement) => {
      const args = [...ticketArgs(ticket), JSON.stringify(settlement)];
      const reply = await runOnProfile("settle", ticket.profileKey, ticket.uniqueId, args);
      await noteReadmission(reply, ticket.profileKey, ticket.uniqueId);
      return parseSettleReply(reply);
    },
    cancel: async (profileKey, uniqueId, ticket) => {
      const args = ticket === null ? ["0"] : ["1", ...ticketArgs(ticket)];
      const reply = await runOnProfile("cancel", profileKey, uniqueId, args);
      await noteReadmission(reply, profileKey, uniqueId);
      return parseCancelReply(reply);
    },
    sweep: async (profileKey, owner) =>
      parseSweepReply(
        await runOnProfile("sweep", profileKey, "", [owner], [chartKey(profileKey), freedKey(profileKey)]),
      ),
    fleet: async (profileKey) => parseFleet(await command(() => redis.get(fleetKey(profileKey)))),
    findProfile: async (uniqueId) => {
      const booking = await command(() => redis.get(idKey(uniqueId)));
      return booking?.endsWith(` ${uniqueId}`) ? (booking.split(" ")[0] ?? null) : null;
    },
    profiles: async () => await command(() => redis.smembers(profilesKey)),
    beginPoll: async (monitor, pollId, holdMs, isPushed) => {
      const args = [pollId, Math.round(holdMs), isPushed ? "1" : "0"];
      const reply = await runOnMonitor("beginPoll", monitorKey(monitor), args);
      const [kind, askedAt, text, resting] = reply as [string, number, unknown, number];
      const record = parseRecord(text);
      return kind === "ask" ? { kind, askedAt, record } : { kind: "skip", record, isResting: resting === 1 };
    },
    hurry: async (monitor, intervalMs) => {
      await runOnMonitor("rest", monitorKey(monitor), [0, Math.round(intervalMs)]);
    },
    acquireSlot: async (monitor, legKey, limit, ttlMs) =>
      (await runOnMonitor("acquireSlot", slotsKey(monitor), [legKey, limit, Math.round(ttlMs)])) === 1,
    releaseSlot: async (monitor, legKey) => void (await command(() => redis.zrem(slotsKey(monitor), legKey))),
    hangUp: async ({ profileKey, uniqueId }, holder) => {
      await runOnProfile("hangUp", profileKey, uniqueId, [holder]);
    },
    winners: async (profileKey) => z.array(z.string()).parse(await runOnProfile("winners", profileKey, "", [])),
    missedNews: createMissedNews(redis, command),
    onWake: news.onWake,
    listen: news.listen,
    view: operators.view,
    history: operators.history,
    pause: operators.pause,
    drain: operators.drain,
    viewMonitor: operators.viewMonitor,
    noteTake: operators.noteTake,
    close: async () => {
      news.close();
      connection.close();
    },
  };
}

function ticketArgs({ runnerCount, qualifiedRepo, runId, place }: Ticket): (string | number)[] {
  return [runnerCount, qualifiedRepo, runId, writePlace(place)];
}

/** Sixteen digits, so that places compare as texts do. */
function writePlace(place: number): string {
  return String(place).padStart(16, "0");
}

/** A reply that is not ours or a script that broke: not the store's absence. Redis says ERR for a script's own errors. */
function isBug(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return true;
  return (
    error instanceof Error && (error.name === "ZodError" || /^ERR .*(user_script|Error compiling)/.test(error.message))
  );
}
