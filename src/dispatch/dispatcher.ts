// Where the queue acts for its callers: enqueue, take, inspect and cancel all come through this
// door. Rules are elsewhere, pure; the parts beside this file do the I/O around them and decide
// nothing about whose turn it is.
import type { Clock } from "../clock.ts";
import type { Observe } from "../queue/events.ts";
import { availableRunners } from "../queue/fleet/fleet.ts";
import type { FreedRate } from "../queue/fleet/freed-rate.ts";
import type { Monitors, ShownRunner } from "../queue/fleet/monitors.ts";
import type { GithubRuns } from "../queue/github-runs.ts";
import { isOpen, isPulled, type Job, type Ticket, ticketOf } from "../queue/job/job.ts";
import { noHold } from "../queue/job/presence.ts";
import { firstQuestionMs, minQuestionGapMs } from "../queue/job/question.ts";
import type { Policy } from "../queue/policy/policy.ts";
import type { QueueSettings } from "../queue/settings.ts";
import type { MaybePromise, Store } from "../queue/store.ts";
import { createRunQuestions } from "./asking/run-questions.ts";
import { createAttendant } from "./attendant.ts";
import { type Cancel, createCancel } from "./cancelling.ts";
import { createEnqueuing, type Enqueuing } from "./enqueuing.ts";
import { joinMonitors } from "./fetched-monitors.ts";
import { createGithubListener, type GithubListener, type GithubNews, type NewsOutcome } from "./github-listener.ts";
import { bookingKeptForMs, createIdBooking } from "./id-booking.ts";
import { createJobLimits, type JobLimits } from "./job-limits.ts";
import { createJobLooks, type JobLooks } from "./job-looks.ts";
import { createRunnerLimiting } from "./limits/runner-limiting.ts";
import { createMonitorBook, type MonitorBook } from "./monitor-book.ts";
import { createProfileNames, type ProfileNames } from "./profile-names.ts";
import { createPullBook, type PullBook } from "./pull-book.ts";
import { createRunnersAtWork, type RunnersAtWork } from "./runners-at-work.ts";
import { createDocuments } from "./running/documents.ts";
import { createOperationRunner, type OperationRunner, type RoundNote } from "./running/operation-runner.ts";
import { createServiceMark } from "./running/service-mark.ts";
import { createStartWatch } from "./start-watch.ts";
import { createSweeper, type Sweeper } from "./sweeper.ts";
import { createClaimWork, createSettle, isToReconcile } from "./takes/claim-work.ts";
import { createHeldTake } from "./takes/held-take.ts";
import { createLegSender } from "./takes/leg-sender.ts";
import { createFollowPulledLeg } from "./takes/pulled-leg.ts";
import { createReconcile } from "./takes/reconciler.ts";
import { createTakeOnce, type TakeReply } from "./takes/take.ts";
import { createWaitingRoom, type WaitingRoom } from "./takes/waiting-room.ts";
import { createWakeHeld } from "./takes/wake-held.ts";

/** Well before the 30 s that the deployed client gives an attempt. */
const replyBudgetMs = 20_000;

export interface DispatcherSettings extends QueueSettings {
  readonly takeTimeoutMs: number;
}

/** Whom the dispatcher tells that it wants to hear of the fleet. */
export interface FleetNews {
  /** for every poll that has to wait: cheap */
  noteWaiting(): void;
  noteChange(monitor: string): void;
}

export interface DispatcherDeps {
  readonly clock: Clock;
  /** a text that nobody makes twice */
  readonly newId: () => string;
  /** from 0 up to 1 */
  readonly random: () => number;
  readonly store: Store;
  readonly monitors: Monitors;
  /** those that fetch their takes; a reload may change them */
  readonly fetching: { readonly names: readonly string[] };
  readonly settings: DispatcherSettings;
  /** the policy of now; a reload may bring another */
  readonly policy?: () => Policy | undefined;
  /** this instance's name */
  readonly owner: string;
  readonly observe: Observe;
  readonly fleetNews: FleetNews;
  /** GitHub's API; absent: its events say all that is known */
  readonly githubRuns?: GithubRuns | undefined;
  readonly noteRound?: (round: RoundNote) => void;
}

export interface Dispatcher extends Enqueuing, JobLooks {
  /**
   * One request: waits its turn, or claims, asks and answers. With `holdMs` it is held up to so
   * long while there is nothing for it, and polls again whenever it is woken. Throws
   * StoreUnavailable.
   * @param clientGone only called when there is something to wait for; its signal aborts when the
   * caller hangs up
   */
  take(ticket: Ticket, clientGone: () => AbortSignal, holdMs?: number): MaybePromise<TakeReply>;
  readonly cancel: Cancel;
  /** What a monitor shows of its runners, whenever it was asked. */
  noteRunners(monitor: string, runners: readonly ShownRunner[]): void;
  /** A job that had its runners needs them again, its owner or an operator says. */
  rerun: GithubListener["rerun"];
  /** GitHub says how a job of its own stands that names one of ours. Throws StoreUnavailable. */
  hearGithub(news: GithubNews): Promise<NewsOutcome>;
  /** The profile under which an id was enqueued, if any is known. */
  findProfile(uniqueId: string): Promise<string | null>;
  /** Monitors that have not been heard of since the store knows anything. */
  silentMonitors(): Promise<readonly string[]>;
  /** How fast runners of a profile came free, when it was last swept. */
  freedRate(profileKey: string): FreedRate;
  /** How many requests are held now. */
  heldRequests(): number;
  /** The request that was held longest is answered now. */
  callOffHold(): void;
  /** From now on no request is held: those that are hear how their jobs stand. */
  endHolds(): void;
  /**
   * From now on requests do not wait for the claims they started: those go on, and the answers wait
   * for the next poll.
   */
  letGo(): void;
  /** Whether a leg of this process is under way, or evidence is looked for. */
  isBusy(): boolean;
  /** Resolves when no leg of this process is under way, and what ended is counted. */
  idle(): Promise<void>;
  readonly runner: OperationRunner;
  readonly monitorBook: MonitorBook;
  readonly pullBook: PullBook;
  /** where requests are held, and what ends all holds */
  readonly room: WaitingRoom;
  readonly endingHolds: AbortSignal;
  readonly names: ProfileNames;
  readonly sweeper: Sweeper;
  readonly atWork: Pick<RunnersAtWork, "read">;
}

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { clock, store, settings, owner, observe, fleetNews, noteRound, policy } = deps;
  const canReach = (monitor: string) => deps.monitors.knows(monitor) || deps.fetching.names.includes(monitor);
  const lettingGo = new AbortController();
  const endingHolds = new AbortController();
  const reconciling = new Set<string>();

  const documents = createDocuments(store);
  const mark = createServiceMark(documents, settings, (silentMs) => observe({ kind: "interrupted", silentMs }), clock);
  const runner = createOperationRunner({
    store,
    settings,
    owner,
    canReach,
    mark,
    newCommitId: deps.newId,
    clock,
    random: deps.random,
    noteWaiting: (job) => limits.noteWaiting(job),
    noteEnded: (job) => {
      limits.noteEnded(job);
      if (job.state === "taken" || job.first !== undefined) questions?.note(job, minQuestionGapMs);
    },
    noteLeft: (job, claimId) => runnerLimits.noteLeft(job, claimId),
    ...(noteRound !== undefined && { noteRound }),
    ...(policy !== undefined && { policy }),
  });
  const names = createProfileNames(store);
  const booking = createIdBooking(documents, runner, bookingKeptForMs(settings));
  const policyOfNow = policy ?? (() => undefined);
  const limits: JobLimits = createJobLimits(store, runner, booking, settings, clock, observe, policyOfNow);
  const limiting = { store, runner, booking, policy: policyOfNow, settings, clock, observe };
  const runnerLimits = createRunnerLimiting(limiting);
  const monitorBook = createMonitorBook(store, documents, runner);
  const pullBook = createPullBook(documents, runner, settings);
  const monitors = joinMonitors(deps.monitors, deps.fetching, pullBook, clock);
  const room = createWaitingRoom(clock, (profileKey, isAwaited) => store.listen(profileKey, isAwaited));
  store.onWake(room.wake);
  const settle = createSettle(runner, settings, observe, clock);
  const reconcile = createReconcile(monitors, settings, settle, observe, clock);
  /** Asks a monitor that has nothing left; the row that is held here may be from before the claim. */
  const noteTaken = (monitor: string, profileKey: string, runners: number): void => {
    const row = runner.capacity(profileKey)?.rows.get(monitor);
    const left = row === undefined ? 0 : availableRunners(row, clock.date(), settings.snapshotFreshMs);
    if (left <= runners) fleetNews.noteChange(monitor);
  };
  const sendLeg = createLegSender({ store, monitors, settings, observe, clock, noteTaken });
  const followPulledLeg = createFollowPulledLeg(runner, room, lettingGo.signal, observe, clock);
  const work = createClaimWork(runner, sendLeg, followPulledLeg, settle, reconcile, observe, clock);
  const silentMonitors = async () => await monitorBook.silent(monitors.names);

  const inBackground = (key: string, act: () => Promise<unknown>): void => {
    if (reconciling.has(key)) return;
    reconciling.add(key);
    act()
      .catch((error: unknown) => observe({ kind: "trouble", where: "reconcile", error }))
      .finally(() => reconciling.delete(key));
  };
  const takeOver = (ticket: Ticket, job: Job, now: number, lostAt: number | null): void => {
    const claimId = job.claim?.id ?? "";
    inBackground(claimId, async () => {
      const stopRenewing = work.keepLease(ticket, claimId, () => false);
      const fetched = job.claim?.legs.filter((leg) => isOpen(leg) && isPulled(leg)) ?? [];
      const ends: Promise<unknown>[] = fetched.map(({ monitor }) => followPulledLeg(ticket, claimId, monitor));
      if (lostAt !== null || isToReconcile(job)) ends.push(reconcile(ticket, job, now, lostAt));
      await Promise.all(ends).finally(stopRenewing);
    });
  };
  const takeOnce = createTakeOnce({
    runner,
    booking,
    limits: runnerLimits,
    work,
    settings,
    owner,
    observe,
    clock,
    lettingGo: lettingGo.signal,
    noteWaiting: fleetNews.noteWaiting,
    lookForForgotten: ({ job, now, lostAt }) =>
      inBackground(`${job.uniqueId}@${lostAt}`, () => reconcile(ticketOf(job), job, now, lostAt)),
  });
  const held = createHeldTake(room, runner, owner, takeOnce, endingHolds.signal, clock);
  const wakeHeld = createWakeHeld(room, runner, store, held, fleetNews.noteWaiting);
  const look = (profileKey: string): void => {
    // a monitor may have gone idle while nobody waited
    fleetNews.noteWaiting();
    sweeper.look(profileKey);
  };
  const github = createGithubListener({ runner, booking, limits, names, observe, clock, look });
  const questions =
    deps.githubRuns === undefined
      ? null
      : createRunQuestions({ ...deps, githubRuns: deps.githubRuns, documents, runner, listener: github });
  const askGithub = async (job: Job) => (await questions?.askAnew(job)) ?? true;
  const startWatch = createStartWatch({ runner, monitors, booking, observe, look, askGithub });
  const atWork = createRunnersAtWork({ documents, booking, runner, observe, clock });
  const attend = createAttendant({ runner, takeOnce, observe, clock, lookAgain: look });
  const sweeper: Sweeper = createSweeper({
    attend,
    hearAgain: github.hearAgain,
    askGithub: (waitingProfiles) => questions?.look(waitingProfiles),
    watchStart: startWatch.look,
    runner,
    names,
    mark,
    monitors: monitorBook,
    canReach,
    observe,
    clock,
    takeOver,
    wakeHeld,
  });

  const cancel = createCancel(runner, booking, observe, clock);
  const { enqueue, enqueueTogether } = createEnqueuing({
    runner,
    booking,
    limits,
    names,
    isFleetKnown: async () => (await silentMonitors()).length === 0,
    cancel: (ticket) => cancel(ticket.profileKey, ticket.uniqueId, ticket),
    observe,
    noteWaiting: (profileKey) => {
      fleetNews.noteWaiting();
      sweeper.noteWaiting(profileKey);
    },
    noteDetached: (job) => questions?.note(job, firstQuestionMs(settings)),
  });

  return {
    runner,
    monitorBook,
    pullBook,
    room,
    endingHolds: endingHolds.signal,
    names,
    sweeper,
    hearGithub: github.hear,
    atWork,
    noteRunners: (monitor, runners) => {
      atWork.note(monitor, runners);
      runnerLimits.noteRunners(monitor, runners);
      if (settings.startWatch !== "off") startWatch.noteRunners(monitor, runners);
    },
    rerun: github.rerun,
    silentMonitors,
    enqueue,
    enqueueTogether,
    take: (ticket, clientGone, holdMs = 0) => {
      // also for a job that another instance enqueued, or that the store lost
      sweeper.noteWaiting(ticket.profileKey);
      const now = clock.now();
      if (holdMs <= 0) return takeOnce(ticket, clientGone, now + replyBudgetMs, noHold);
      return held.take(ticket, clientGone(), now + Math.max(replyBudgetMs, holdMs), now + holdMs);
    },
    ...createJobLooks(runner, observe),
    cancel,
    findProfile: booking.findProfile,
    freedRate: sweeper.freedRate,
    heldRequests: held.count,
    callOffHold: held.callOff,
    endHolds: () => endingHolds.abort(),
    letGo: () => lettingGo.abort(),
    isBusy: () => work.size > 0 || reconciling.size > 0,
    idle: async () => {
      await work.idle();
      await Promise.all([limits.idle(), runnerLimits.idle()]);
      await questions?.idle();
    },
  };
}
