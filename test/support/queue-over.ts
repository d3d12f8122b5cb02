// The production's operations over a store, as plain calls: what the dispatcher does around them,
// without its clocks and without monitors. For suites that compare stores step by step.

import { type Clock, systemClock } from "../../src/clock.ts";
import { createBatchEnqueuer } from "../../src/dispatch/batch-enqueuer.ts";
import { createEnqueuer } from "../../src/dispatch/enqueuer.ts";
import { createGithubListener } from "../../src/dispatch/github-listener.ts";
import { bookingKeptForMs, createIdBooking } from "../../src/dispatch/id-booking.ts";
import { createJobLimits } from "../../src/dispatch/job-limits.ts";
import { createMonitorBook } from "../../src/dispatch/monitor-book.ts";
import { createDocuments } from "../../src/dispatch/running/documents.ts";
import { createOperationRunner, type OperationRunner } from "../../src/dispatch/running/operation-runner.ts";
import { createServiceMark } from "../../src/dispatch/running/service-mark.ts";
import type { ActRequest } from "../../src/queue/acts.ts";
import type { PollPace } from "../../src/queue/fleet/monitor-record.ts";
import type { DashboardNews } from "../../src/queue/fleet/monitors.ts";
import type { JobRequest, Ticket } from "../../src/queue/job/job.ts";
import { noHold } from "../../src/queue/job/presence.ts";
import type { Settlement } from "../../src/queue/job/settlement.ts";
import { orderOf } from "../../src/queue/line/line.ts";
import { pauseOperation } from "../../src/queue/operations/act.ts";
import { cancelOperation } from "../../src/queue/operations/cancel.ts";
import { hangUpOperation } from "../../src/queue/operations/hang-up.ts";
import { claimableOperation, inspectOperation, overviewOperation } from "../../src/queue/operations/inspect.ts";
import { pollOperation } from "../../src/queue/operations/poll.ts";
import { renewOperation } from "../../src/queue/operations/renew.ts";
import { settleOperation } from "../../src/queue/operations/settle.ts";
import { sweepOperation } from "../../src/queue/operations/sweep.ts";
import { attendOperation } from "../../src/queue/operations/word/attend.ts";
import type { Policy } from "../../src/queue/policy/policy.ts";
import type { QueueSettings } from "../../src/queue/settings.ts";
import type { Store } from "../../src/queue/store.ts";

export type QueueOver = ReturnType<typeof createQueueOver>;

/**
 * @param owner the instance that acts. Commit ids are counted, so that two runs of the same calls
 * write the same
 * @param isServing between two calls some instance served without a break, however far the clock
 * went on
 * @param canReach whether this instance knows a monitor
 * @param clock what waits, waits by it
 */
export function createQueueOver(
  store: Store,
  settings: QueueSettings,
  owner = "me",
  isServing = true,
  canReach: (monitor: string) => boolean = () => true,
  clock: Clock = systemClock,
  policy?: Policy,
) {
  const documents = createDocuments(store);
  let servedAt = -1;
  // who serves without a break sees time pass as the store does
  const ownClock = isServing ? { now: () => servedAt } : clock;
  const mark = createServiceMark(documents, settings, () => {}, ownClock);
  let commits = 0;
  const keepServing = async (): Promise<void> => {
    const { text, now } = await store.readDocument("served");
    if (text !== null && now === servedAt) return;
    servedAt = now;
    const known = text === null ? { since: 0 } : JSON.parse(text);
    await store.swapDocument("served", text, JSON.stringify({ ...known, at: now }), null);
    await mark.renew();
  };
  const direct = createOperationRunner({
    store,
    settings,
    owner,
    canReach,
    mark,
    newCommitId: () => `${owner}-commit-${++commits}`,
    clock,
    random: () => 0,
    policy: () => policy,
    noteEnded: (job) => limits.noteEnded(job),
  });
  const runner: OperationRunner = {
    ...direct,
    run: async (operation) => {
      if (isServing) await keepServing();
      return await direct.run(operation);
    },
  };
  const booking = createIdBooking(documents, runner, bookingKeptForMs(settings));
  const book = createMonitorBook(store, documents, runner);
  const limits = createJobLimits(store, runner, booking, settings, clock, () => {});
  const enqueuers = [true, false].map((isKnown) => createEnqueuer(runner, booking, limits, async () => isKnown));

  const enqueueTogether = createBatchEnqueuer({
    runner,
    booking,
    limits,
    isFleetKnown: async () => true,
    judgeProfile: async () => null,
    observe: () => {},
    cancel: async (ticket) => await runner.run(cancelOperation(ticket.profileKey, ticket.uniqueId, ticket)),
  });
  const github = createGithubListener({
    runner,
    booking,
    limits,
    names: { list: async () => await store.listProfiles(), isKnown: async (name) => await store.hasProfile(name) },
    observe: () => {},
    clock: systemClock,
    look: () => {},
  });

  return {
    store,
    runner,
    hear: github.hear,
    hearAll: github.hearAll,
    hearAgain: github.hearAgain,
    attend: async (profileKey: string, uniqueIds: readonly string[]) =>
      await runner.run(attendOperation(profileKey, uniqueIds)),
    renewMark: mark.renew,
    enqueue: async (request: JobRequest, isFleetKnown = true, maxRunnersBefore?: number, isCounted = false) => {
      if (!(await store.hasProfile(request.profileKey))) {
        return isFleetKnown ? { kind: "unsatisfiable" as const, targets: 0 } : { kind: "fleet_unknown" as const };
      }
      const enqueue = enqueuers[isFleetKnown ? 0 : 1];
      if (enqueue === undefined) throw new Error("there are two");
      return await enqueue(request, { maxRunnersBefore, isCounted });
    },
    enqueueTogether,
    poll: async (ticket: Ticket, claimId: string, hold = noHold) => {
      const command = { ticket, claimId, spread: 500, hold, roomSeenAt: 0 };
      const ask = async (isBooked: boolean) => {
        const asked = await runner.run(pollOperation({ ...command, isBooked, isLate: false }));
        if (asked.kind === "later_generation") {
          return await runner.run(pollOperation({ ...command, ticket: asked.ticket, isBooked, isLate: false }));
        }
        return asked.kind === "late" ? await runner.run(pollOperation({ ...command, isBooked, isLate: true })) : asked;
      };
      const reply = await ask(false);
      if (reply.kind !== "unbooked") return reply;
      const booked = await booking.book(ticket.uniqueId, ticket.profileKey, true);
      if (booked.kind !== "booked") return { kind: "superseded" as const };
      return await ask(true);
    },
    hangUp: async (ticket: Ticket, holder: string) => await runner.run(hangUpOperation(ticket, holder)),
    claimable: async (profileKey: string) => (await runner.run(claimableOperation(profileKey))).uniqueIds,
    renew: async (ticket: Ticket, claimId: string, isClientPresent: boolean) =>
      await runner.run(renewOperation(ticket, claimId, isClientPresent)),
    settle: async (ticket: Ticket, settlement: Settlement) => await runner.run(settleOperation(ticket, settlement)),
    cancel: async (profileKey: string, uniqueId: string, ticket: Ticket | null) =>
      await runner.run(cancelOperation(profileKey, uniqueId, ticket ?? { by: "operator", note: "" })),
    inspect: async (profileKey: string, uniqueId: string) => {
      const found = await runner.run(inspectOperation(profileKey, uniqueId, null));
      if (found.kind !== "unplaced") return found;
      return await runner.run(inspectOperation(profileKey, uniqueId, orderOf(found.job)));
    },
    sweep: async (profileKey: string) => await runner.run(sweepOperation(profileKey)),
    overview: async (profileKey: string, limit: number) => {
      const { capacity, ...rest } = await runner.run(overviewOperation(profileKey, limit));
      return { ...rest, fleet: new Map([...capacity.rows].sort(([a], [b]) => (a < b ? -1 : 1))) };
    },
    history: async (profileKey: string, limit: number) => await store.readHistory(profileKey, limit),
    pause: async (profileKey: string, request: ActRequest) => await runner.run(pauseOperation(profileKey, request)),
    drain: book.drain,
    monitor: book.view,
    beginPoll: book.beginPoll,
    endIdlePolling: book.endIdlePolling,
    finishPoll: async (monitor: string, askedAt: number, news: DashboardNews, pace: PollPace) =>
      await book.finishPoll(monitor, askedAt, news, pace),
    silentMonitors: book.silent,
    findProfile: booking.findProfile,
    /** Resolves when what follows a job's end is written. */
    idle: limits.idle,
  };
}
