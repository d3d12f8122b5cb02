// The store in this process's memory, and the default without REDIS_URL. A restart forgets everything: tickets bring the line
// back, and jobs older than the restart are not claimed again before evidence says that nothing is reserved for them.
import type { Fleet } from "../../queue/fleet.ts";
import { isOpen, isOver, type Ticket } from "../../queue/job.ts";
import type {
  DashboardNews,
  EnqueueCommand,
  EnqueueReply,
  MonitorRecord,
  PollCommand,
  PollLease,
  Store,
} from "../../queue/ports.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Settlement } from "../../queue/settlement.ts";
import { ProfileQueue } from "./profile-queue.ts";

interface MonitorEntry {
  record: MonitorRecord;
  nextAskAt: number;
  pollId: string;
  readonly slots: Map<string, number>;
}

/** A monitor that keeps inventing profiles is believed so many. */
const mostProfilesPerMonitor = 1_000;

/** @param now the clock in ms since 1970 */
export function createEmbeddedStore(settings: QueueSettings, now: () => number): Store {
  const lostAt = now();
  const queues = new Map<string, ProfileQueue>();
  /** profiles that a monitor showed or a lost job named */
  const knownProfiles = new Set<string>();
  /** by lower-case id, how each is spelt and where it was enqueued: ids are unique over all profiles, whatever their case */
  const bookings = new Map<string, { readonly uniqueId: string; readonly profileKey: string }>();
  const monitors = new Map<string, MonitorEntry>();

  const queueOf = (profileKey: string): ProfileQueue => {
    const known = queues.get(profileKey);
    if (known !== undefined) return known;
    const created = new ProfileQueue(profileKey, settings, lostAt);
    queues.set(profileKey, created);
    return created;
  };
  const entryOf = (monitor: string): MonitorEntry => {
    const known = monitors.get(monitor);
    if (known !== undefined) return known;
    const record = { askedAt: 0, answeredAt: 0, failures: 0, profiles: [] };
    const created = { record, nextAskAt: 0, pollId: "", slots: new Map<string, number>() };
    monitors.set(monitor, created);
    return created;
  };
  const enqueue = (command: EnqueueCommand): EnqueueReply => {
    const { uniqueId, profileKey } = command.request;
    if (!knownProfiles.has(profileKey)) {
      return command.isFleetKnown ? { kind: "unsatisfiable", targets: 0 } : { kind: "fleet_unknown" };
    }
    const known = bookings.get(uniqueId.toLowerCase());
    if (known !== undefined && (known.profileKey !== profileKey || known.uniqueId !== uniqueId)) {
      const other = queueOf(known.profileKey).inspect(known.uniqueId, now());
      if (other.kind === "job" && isOver(other.job.state) && other.job.claim?.legs.some(isOpen))
        return { kind: "settling" };
      if (other.kind === "job" && (!isOver(other.job.state) || other.job.state === "taken"))
        return { kind: "conflict" };
    }
    const reply = queueOf(profileKey).enqueue(command, now());
    if (reply.kind === "accepted") bookings.set(uniqueId.toLowerCase(), { uniqueId, profileKey });
    return reply;
  };
  const finishPoll = (monitor: string, askedAt: number, news: DashboardNews, nextInMs: number): MonitorRecord => {
    const entry = entryOf(monitor);
    entry.nextAskAt = now() + nextInMs;
    const { record } = entry;
    const profiles =
      news.kind === "snapshot"
        ? [...new Set([...record.profiles, ...news.counts.keys()])].slice(0, mostProfilesPerMonitor)
        : record.profiles;
    entry.record = {
      askedAt,
      answeredAt: news.kind === "snapshot" ? askedAt : record.answeredAt,
      // reporting twice counts once
      failures: news.kind !== "failed" ? 0 : record.askedAt === askedAt ? record.failures : record.failures + 1,
      profiles,
    };
    if (news.kind !== "redrawing") {
      for (const profileKey of profiles) {
        const counts =
          news.kind === "failed" ? null : (news.counts.get(profileKey) ?? { idle: 0, target: 0, healthy: 0 });
        knownProfiles.add(profileKey);
        queueOf(profileKey).saveSnapshot(monitor, askedAt, counts, now());
      }
    }
    return entry.record;
  };
  const beginPoll = (monitor: string, pollId: string, holdMs: number): PollLease => {
    const entry = entryOf(monitor);
    const at = now();
    if (entry.nextAskAt > at && entry.pollId !== pollId) return { kind: "skip", record: entry.record };
    entry.nextAskAt = at + holdMs;
    entry.pollId = pollId;
    return { kind: "ask", askedAt: at, record: entry.record };
  };
  const acquireSlot = (monitor: string, legKey: string, limit: number, ttlMs: number): boolean => {
    const { slots } = entryOf(monitor);
    const at = now();
    for (const [key, until] of slots) if (until <= at) slots.delete(key);
    if (!slots.has(legKey) && slots.size >= limit) return false;
    slots.set(legKey, at + ttlMs);
    return true;
  };
  const sweep = (profileKey: string, owner: string) => {
    for (const [key, booking] of bookings) {
      if (booking.profileKey === profileKey && !queueOf(profileKey).knows(booking.uniqueId, now()))
        bookings.delete(key);
    }
    return queueOf(profileKey).sweep(owner, now());
  };
  const poll = (command: PollCommand) => {
    const { uniqueId, profileKey } = command.ticket;
    const reply = queueOf(profileKey).poll(command, now());
    if ("isReadmitted" in reply && reply.isReadmitted) {
      knownProfiles.add(profileKey);
      bookings.set(uniqueId.toLowerCase(), { uniqueId, profileKey });
    }
    return reply;
  };

  return {
    ping: async () => {},
    enqueue: async (command) => enqueue(command),
    poll: async (command) => poll(command),
    renew: async (ticket: Ticket, claimId, owner, isClientPresent) =>
      queueOf(ticket.profileKey).renew(ticket.uniqueId, claimId, owner, isClientPresent, now()),
    settle: async (ticket: Ticket, settlement: Settlement) =>
      queueOf(ticket.profileKey).settle(ticket, settlement, now()),
    cancel: async (profileKey, uniqueId, ticket) => queueOf(profileKey).cancel(uniqueId, ticket, now()),
    inspect: async (profileKey, uniqueId) => queueOf(profileKey).inspect(uniqueId, now()),
    sweep: async (profileKey, owner) => sweep(profileKey, owner),
    fleet: async (profileKey): Promise<Fleet> => queueOf(profileKey).fleet,
    findProfile: async (uniqueId) => {
      const booking = bookings.get(uniqueId.toLowerCase());
      return booking?.uniqueId === uniqueId ? booking.profileKey : null;
    },
    profiles: async () => [...knownProfiles],
    beginPoll: async (monitor, pollId, holdMs) => beginPoll(monitor, pollId, holdMs),
    finishPoll: async (monitor, askedAt, news, nextInMs) => finishPoll(monitor, askedAt, news, nextInMs),
    acquireSlot: async (monitor, legKey, limit, ttlMs) => acquireSlot(monitor, legKey, limit, ttlMs),
    releaseSlot: async (monitor, legKey) => void entryOf(monitor).slots.delete(legKey),
    close: async () => {},
  };
}
