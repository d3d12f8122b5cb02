// Lets time do its work. A profile is swept once a second while somebody waits, and every ten
// seconds all the same; however many profiles there are, no more than `maxSweepsPerSecond` are
// looked at. Every instance sweeps; a commit makes sure that each thing happens once.
import type { Clock } from "../clock.ts";
import { type Observe, waitedMs } from "../queue/events.ts";
import { type FreedRate, freedRateUnknown } from "../queue/fleet/freed-rate.ts";
import { type Job, type Ticket, ticketOf } from "../queue/job/job.ts";
import { type SweepReply, sweepOperation } from "../queue/operations/sweep.ts";
import type { MonitorBook } from "./monitor-book.ts";
import type { ProfileNames } from "./profile-names.ts";
import type { OperationRunner } from "./running/operation-runner.ts";
import type { ServiceMarkKeeper } from "./running/service-mark.ts";

const lookEveryMs = 1_000;
const maxQuietMs = 10_000;
/** One sweep costs about 0.2 ms of CPU in all. */
const maxSweepsPerSecond = 250;
/** One sweep does so much at once; when thousands leave together, it is repeated. */
const maxRounds = 20;
/** Who wants a profile looked at, shares a look with all who want it within this, ms. */
const minLookGapMs = 100;
/** Rows of monitors that nobody asks any more are looked for this often. */
const forgetEveryMs = 30_000;

export interface Sweeper {
  /** Looks at every profile whose time has come, once. */
  sweepOnce(): Promise<void>;
  /**
   * Somebody waits in this profile: it is swept every second from now on, until a sweep finds
   * nobody. Cheap.
   */
  noteWaiting(profileKey: string): void;
  /**
   * Looks at one profile now, or in a moment where it was just looked at: a thousand events, or a
   * job that comes back again and again, make ten looks a second.
   */
  look(profileKey: string): void;
  /** How fast runners of a profile came free, when it was last swept here. */
  freedRate(profileKey: string): FreedRate;
  start(): void;
  stop(): Promise<void>;
}

export interface SweeperDeps {
  readonly runner: OperationRunner;
  readonly names: ProfileNames;
  readonly mark: ServiceMarkKeeper;
  readonly monitors: MonitorBook;
  readonly canReach: (monitor: string) => boolean;
  readonly observe: Observe;
  readonly clock: Clock;
  /**
   * goes on with a claim that is ours now; `lostAt`: where the store was lost since, and may have
   * forgotten more
   */
  readonly takeOver: (ticket: Ticket, job: Job, now: number, lostAt: number | null) => void;
  /** polls for jobs for which nobody else does, where their turn has come */
  readonly attend: (profileKey: string, uniqueIds: readonly string[]) => Promise<void>;
  /** GitHub may wait for a job again */
  readonly hearAgain: (job: Job) => Promise<void>;
  /** asks GitHub about jobs, some of them in these profiles, where it is time; returns at once */
  readonly askGithub: (waitingProfiles: readonly string[]) => void;
  /** looks whether a job's reserved runners have started it */
  readonly watchStart: (job: Job) => Promise<void>;
  /** for wakes that were lost: whoever waits here looks whose turn it is */
  readonly wakeHeld: () => Promise<void>;
}

interface Swept {
  /** the clock's `now` */
  readonly at: number;
  readonly isWaitedFor: boolean;
  readonly freedRate: FreedRate;
}

export function createSweeper(deps: SweeperDeps): Sweeper {
  const { runner, observe, clock } = deps;
  const swept = new Map<string, Swept>();
  /** by profile, when it was last looked at because somebody wanted it, or will be */
  const looks = new Map<string, number>();
  const planned = new Map<string, () => void>();
  let callOff = () => {};
  /** which start is in force; 0: none */
  let running = 0;
  let starts = 0;
  let current: Promise<void> = Promise.resolve();
  let forgotAt = Number.NEGATIVE_INFINITY;

  const report = async (profileKey: string, reply: SweepReply): Promise<void> => {
    for (const job of reply.abandoned) {
      observe({ kind: "abandoned", job: ticketOf(job), waitedMs: waitedMs(job, reply.now) });
    }
    if (reply.leaked.length > 0) observe({ kind: "leaked", profileKey, uniqueId: null, runners: reply.leaked });
    if (reply.isNewlySilent) observe({ kind: "all_silent", profileKey, jobs: reply.waitingJobs });
    for (const job of reply.lapsed) {
      const isFromBeforeLoss = job.clearedFor !== reply.lostAt;
      deps.takeOver(ticketOf(job), job, reply.now, isFromBeforeLoss ? reply.lostAt : null);
    }
    for (const job of reply.toHear) await deps.hearAgain(job);
    // a monitor may be slow to show itself: nobody waits for that
    for (const job of reply.toWatch) void deps.watchStart(job);
    if (reply.toAttend.length > 0) await deps.attend(profileKey, reply.toAttend);
  };
  /** One profile's trouble is not the others'. */
  const sweep = async (profileKey: string): Promise<void> => {
    try {
      for (let round = 0; round < maxRounds; round++) {
        const reply = await runner.run(sweepOperation(profileKey));
        const isWaitedFor = reply.waitingJobs > 0;
        swept.set(profileKey, { at: clock.now(), isWaitedFor, freedRate: reply.freedRate });
        await report(profileKey, reply);
        if (!reply.isMore) return;
      }
    } catch (error) {
      observe({ kind: "trouble", where: "sweeper", profileKey, error });
    }
  };
  /** Whether something is due, or nobody looked for long enough. */
  const isTime = (profileKey: string, busyProfiles: number): boolean => {
    const last = swept.get(profileKey);
    if (last === undefined) return true;
    const sinceMs = clock.now() - last.at;
    const busyEveryMs = Math.max(lookEveryMs * 0.9, Math.min(maxQuietMs, (busyProfiles * 1000) / maxSweepsPerSecond));
    return sinceMs >= (last.isWaitedFor ? busyEveryMs : maxQuietMs);
  };
  const forgetAbandoned = async (profiles: readonly string[]): Promise<void> => {
    if (clock.now() - forgotAt < forgetEveryMs) return;
    forgotAt = clock.now();
    const foreign = new Set(
      profiles.flatMap((profileKey) =>
        [...(runner.capacity(profileKey)?.rows.keys() ?? [])].filter((monitor) => !deps.canReach(monitor)),
      ),
    );
    for (const monitor of foreign) {
      if (!(await deps.monitors.isAbandoned(monitor))) continue;
      await deps.monitors.forget(monitor);
      observe({ kind: "monitor_forgotten", monitor });
    }
  };
  const sweepOnce = async (): Promise<void> => {
    try {
      await deps.mark.renew();
      const profiles = await deps.names.list();
      const busy = profiles.filter((profileKey) => swept.get(profileKey)?.isWaitedFor === true);
      for (const profileKey of profiles) if (isTime(profileKey, busy.length)) await sweep(profileKey);
      for (const known of [swept, looks])
        for (const profileKey of known.keys()) if (!profiles.includes(profileKey)) known.delete(profileKey);
      deps.askGithub(busy);
      await forgetAbandoned(profiles);
      await deps.wakeHeld();
    } catch (error) {
      observe({ kind: "trouble", where: "sweeper", error });
    }
  };
  const next = (start: number): void => {
    current = sweepOnce().then(() => {
      if (running === start) callOff = clock.after(lookEveryMs, () => next(start));
    });
  };

  const look = (profileKey: string): void => {
    if (planned.has(profileKey)) return;
    const waitMs = (looks.get(profileKey) ?? Number.NEGATIVE_INFINITY) + minLookGapMs - clock.now();
    const lookNow = () => {
      planned.delete(profileKey);
      looks.set(profileKey, clock.now());
      void sweep(profileKey);
    };
    if (waitMs <= 0) lookNow();
    else planned.set(profileKey, clock.after(waitMs, lookNow));
  };

  return {
    start: () => {
      starts += 1;
      running = starts;
      next(running);
    },
    sweepOnce,
    noteWaiting: (profileKey) => {
      const last = swept.get(profileKey);
      if (last?.isWaitedFor === false) swept.set(profileKey, { ...last, isWaitedFor: true });
    },
    look,
    freedRate: (profileKey) => swept.get(profileKey)?.freedRate ?? freedRateUnknown,
    stop: async () => {
      running = 0;
      callOff();
      for (const callOffLook of planned.values()) callOffLook();
      planned.clear();
      await current;
    },
  };
}
