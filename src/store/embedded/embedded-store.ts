// The store in this process's memory, and the default without REDIS_URL. Without a keeper a restart forgets everything: tickets bring the line
// back, and jobs older than the restart are not claimed again before evidence says that nothing is reserved for them.

import type { Fleet } from "../../queue/fleet.ts";
import { describeAct } from "../../queue/history.ts";
import { isOpen, isOver, type Ticket } from "../../queue/job.ts";
import type {
  ActRequest,
  DashboardNews,
  EnqueueCommand,
  EnqueueReply,
  PollCommand,
  PollPace,
  Store,
} from "../../queue/ports.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Settlement } from "../../queue/settlement.ts";
import { type Keeper, keeperOf, noKeeper } from "./keeper.ts";
import { MonitorBook } from "./monitor-book.ts";
import { ProfileQueue } from "./profile-queue.ts";

/**
 * @param now the clock in ms since 1970
 * @param keeper what it kept is known again, as if there had been no restart
 */
export function createEmbeddedStore(settings: QueueSettings, now: () => number, keeper: Keeper = noKeeper): Store {
  const lostAt = keptSince(keeper, now());
  const queues = new Map<string, ProfileQueue>();
  /** profiles that a monitor showed or a lost job named */
  const knownProfiles = new Set<string>();
  /** by lower-case id, how each is spelt and where it was enqueued: ids are unique over all profiles, whatever their case */
  const bookings = new Map<string, Booking>();
  const monitors = new MonitorBook(keeperOf(keeper, "monitor/"));
  const awaited = new Set<string>();
  let wake: (profileKey: string, uniqueIds: readonly string[] | null) => void = () => {};
  /** Tells those who wait for a profile whose turn it is now, and what became of these jobs. */
  const tell = (profileKey: string, ...uniqueIds: readonly string[]): void => {
    if (!awaited.has(profileKey)) return;
    const news = [...uniqueIds, ...queueOf(profileKey).winners(now())];
    if (news.length > 0) wake(profileKey, news);
  };

  const queueOf = (profileKey: string): ProfileQueue => {
    const known = queues.get(profileKey);
    if (known !== undefined) return known;
    const created = new ProfileQueue(profileKey, settings, lostAt, keeperOf(keeper, `profile/${profileKey}/`));
    queues.set(profileKey, created);
    return created;
  };
  /** A step on one profile, and what has to be kept of it. */
  const step = <T>(profileKey: string, work: (queue: ProfileQueue) => T): T => {
    const queue = queueOf(profileKey);
    try {
      return work(queue);
    } finally {
      queue.keep();
    }
  };
  const know = (profileKey: string): void => {
    if (knownProfiles.has(profileKey)) return;
    knownProfiles.add(profileKey);
    keeper.put(`known/${profileKey}`, true);
  };
  const book = (uniqueId: string, profileKey: string): void => {
    const known = bookings.get(uniqueId.toLowerCase());
    if (known?.uniqueId === uniqueId && known.profileKey === profileKey) return;
    bookings.set(uniqueId.toLowerCase(), { uniqueId, profileKey });
    keeper.put(`booking/${uniqueId.toLowerCase()}`, { uniqueId, profileKey });
  };
  /** A job that was lost may come back by something else than a poll: then its profile and its name are known again as well. */
  const noteReadmission = <T>(profileKey: string, uniqueId: string, work: () => T): T => {
    const wasKnown = queueOf(profileKey).knows(uniqueId, now());
    const reply = work();
    if (!wasKnown && queueOf(profileKey).knows(uniqueId, now())) {
      know(profileKey);
      book(uniqueId, profileKey);
    }
    return reply;
  };
  for (const [profileKey] of keeper.entries("known/")) knownProfiles.add(profileKey);
  for (const [key, booking] of keeper.entries("booking/")) bookings.set(key, booking as Booking);
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
    const reply = step(profileKey, (queue) => queue.enqueue(command, now()));
    // also the same request again: a job that came back by what a monitor gave it has no booking
    if (reply.kind === "accepted") book(uniqueId, profileKey);
    return reply;
  };
  const finishPoll = (monitor: string, askedAt: number, news: DashboardNews, pace: PollPace) => {
    const record = monitors.finishPoll(monitor, askedAt, news, now() + pace.nextInMs);
    let isResting = news.kind === "snapshot";
    if (news.kind !== "redrawing") {
      for (const profileKey of record.profiles) {
        const counts =
          news.kind === "failed" ? null : (news.counts.get(profileKey) ?? { idle: 0, target: 0, healthy: 0 });
        know(profileKey);
        const snapshot = { askedAt, counts, drained: monitors.drained(monitor) };
        step(profileKey, (queue) => queue.saveSnapshot(monitor, snapshot, now()));
        tell(profileKey);
        isResting &&= !queueOf(profileKey).wantsNewsOf(monitor);
      }
    }
    if (isResting) monitors.rest(monitor, askedAt, pace.restInMs);
    return { record, isResting };
  };
  const drain = (monitor: string, request: ActRequest): void => {
    const { act, entry } = describeAct(request, "drained", "resumed", [monitor], now());
    monitors.setDrain(monitor, act);
    for (const profileKey of monitors.view(monitor, now()).record.profiles) {
      step(profileKey, (queue) => queue.drain(monitor, monitors.drained(monitor), entry));
      tell(profileKey);
    }
  };
  const pause = (profileKey: string, request: ActRequest): void => {
    const { act, entry } = describeAct(request, "paused", "unpaused", [], now());
    step(profileKey, (queue) => queue.pause(act, entry));
    tell(profileKey);
  };
  const sweep = (profileKey: string, owner: string) => {
    for (const [key, booking] of bookings) {
      if (booking.profileKey !== profileKey || queueOf(profileKey).knows(booking.uniqueId, now())) continue;
      bookings.delete(key);
      keeper.remove(`booking/${key}`);
    }
    const reply = step(profileKey, (queue) => queue.sweep(owner, now()));
    tell(profileKey, ...reply.abandoned.map(({ uniqueId }) => uniqueId));
    return reply;
  };
  const poll = (command: PollCommand) => {
    const { uniqueId, profileKey } = command.ticket;
    const reply = step(profileKey, (queue) => queue.poll(command, now()));
    if ("isReadmitted" in reply && reply.isReadmitted) {
      know(profileKey);
      book(uniqueId, profileKey);
    }
    return reply;
  };

  return {
    ping: async () => {},
    enqueue: async (command) => enqueue(command),
    poll: async (command) => poll(command),
    renew: async (ticket: Ticket, claimId, owner, isClientPresent) =>
      queueOf(ticket.profileKey).renew(ticket.uniqueId, claimId, owner, isClientPresent, now()),
    settle: async (ticket: Ticket, settlement: Settlement) => {
      const reply = noteReadmission(ticket.profileKey, ticket.uniqueId, () =>
        step(ticket.profileKey, (queue) => queue.settle(ticket, settlement, now())),
      );
      tell(ticket.profileKey, ticket.uniqueId);
      return reply;
    },
    cancel: async (profileKey, uniqueId, ticket) => {
      const reply = noteReadmission(profileKey, uniqueId, () => queueOf(profileKey).cancel(uniqueId, ticket, now()));
      tell(profileKey, uniqueId);
      return reply;
    },
    hangUp: async ({ profileKey, uniqueId }, holder) => {
      if (queueOf(profileKey).hangUp(uniqueId, holder, now())) tell(profileKey, uniqueId);
    },
    winners: async (profileKey) => queueOf(profileKey).winners(now()),
    // nothing is lost within one process
    missedNews: async () => [],
    onWake: (listener) => {
      wake = listener;
    },
    listen: (profileKey, isAwaited) => void (isAwaited ? awaited.add(profileKey) : awaited.delete(profileKey)),
    inspect: async (profileKey, uniqueId) => queueOf(profileKey).inspect(uniqueId, now()),
    sweep: async (profileKey, owner) => sweep(profileKey, owner),
    fleet: async (profileKey): Promise<Fleet> => queueOf(profileKey).view(0, now()).fleet,
    findProfile: async (uniqueId) => {
      const booking = bookings.get(uniqueId.toLowerCase());
      return booking?.uniqueId === uniqueId ? booking.profileKey : null;
    },
    profiles: async () => [...knownProfiles],
    view: async (profileKey, limit) => queueOf(profileKey).view(limit, now()),
    history: async (profileKey, limit) => queueOf(profileKey).history(limit),
    pause: async (profileKey, request) => pause(profileKey, request),
    drain: async (monitor, request) => drain(monitor, request),
    viewMonitor: async (monitor) => monitors.view(monitor, now()),
    noteTake: async (monitor, result) => monitors.noteTake(monitor, result),
    beginPoll: async (monitor, pollId, holdMs, isPushed) =>
      monitors.beginPoll(monitor, pollId, holdMs, isPushed, now()),
    finishPoll: async (monitor, askedAt, news, pace) => finishPoll(monitor, askedAt, news, pace),
    hurry: async (monitor, intervalMs) => monitors.hurry(monitor, intervalMs),
    acquireSlot: async (monitor, legKey, limit, ttlMs) => monitors.acquireSlot(monitor, legKey, limit, ttlMs, now()),
    releaseSlot: async (monitor, legKey) => monitors.releaseSlot(monitor, legKey),
    close: async () => {},
  };
}

interface Booking {
  readonly uniqueId: string;
  readonly profileKey: string;
}

/** The layout of what is kept: of another one nothing is understood, and all counts as lost. */
const layout = 1;

/** Since when all is known: as long as anything was kept, or since now. */
function keptSince(keeper: Keeper, now: number): number {
  for (const [, begun] of keeper.entries("begun")) {
    const { at, as } = begun as { readonly at: number; readonly as: number };
    if (as === layout) return at;
  }
  for (const [key] of [...keeper.entries("")]) keeper.remove(key);
  keeper.put("begun", { at: now, as: layout });
  return now;
}
