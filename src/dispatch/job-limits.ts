// Counts jobs over all profiles and instances, for MAX_JOBS_PER_RUN, MAX_JOBS_PER_REPO,
// MAX_REMEMBERED_JOBS, and `max_waiting` of a policy. What is counted are sets of names in the store
// (rolls), never numbers: a name is on a roll once, however often it is put there.
//
//   enqueue ---> on the rolls of its run and repository
//     \--- the job is over ---> on the rolls of what is remembered ---> forgotten
//
// A process may die before it takes a name off. So a roll that is full is looked through before
// anybody is refused for long: jobs that are over, or never began, leave it.
import { LRUCache } from "lru-cache";
import { growingTo } from "../bounded-cache.ts";
import type { Clock } from "../clock.ts";
import { type AdmissionRefusal, isMemoryFull } from "../queue/admission.ts";
import type { Observe } from "../queue/events.ts";
import { isOver, type Job, type JobRequest } from "../queue/job/job.ts";
import { inspectOperation } from "../queue/operations/inspect.ts";
import { findFlowRules } from "../queue/policy/flow-rules.ts";
import type { Policy } from "../queue/policy/policy.ts";
import { maxCommitAgeMs, type QueueSettings } from "../queue/settings.ts";
import type { Store } from "../queue/store.ts";
import type { IdBooking } from "./id-booking.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

/**
 * A job that lives for longer is put on its rolls anew when they are looked through, or counts no
 * more.
 */
const rollKeptForMs = 24 * 3_600_000;
/**
 * A full roll is looked through at most this often, and so many names at once: those that were not
 * for the longest time.
 */
const lookEveryMs = 1_000;
const maxLooks = 100;
/** How long a count of what is remembered is believed, where this instance saw no job end since. */
const countedForMs = 1_000;
const maxRollsLookedAt = 10_000;
/** Jobs that this instance put on the rolls of those who wait; it does so again after a while, ms. */
const maxWaitingKnown = 50_000;
const waitingKnownForMs = 60_000;

export interface Admission {
  /** what keeps a new job from beginning; null: nothing */
  readonly refusal: AdmissionRefusal | null;
  /** No job began after all: it counts no more. */
  withdraw(): Promise<void>;
}

export interface JobLimits {
  /**
   * Counts a job that is to begin. `isCounted`: its caller speaks for one repository, and is held
   * to its limits.
   */
  admit(request: JobRequest, isCounted: boolean): Promise<Admission>;
  /** A job waits: it counts for `max_waiting`, however it came in line, and by whatever policy. */
  noteWaiting(job: Job): void;
  /** A job is over: it waits no more, and is remembered. */
  noteEnded(job: Job): void;
  /** Resolves when all that ended is counted. */
  idle(): Promise<void>;
}

type LimitSettings = Pick<
  QueueSettings,
  "maxJobsPerRun" | "maxJobsPerRepo" | "maxRememberedJobs" | "tombstoneTtlMs" | "ticketMaxAgeMs"
>;

export function createJobLimits(
  store: Pick<Store, "enrol" | "strike" | "countRoll" | "readRoll" | "readDocument">,
  runner: Pick<OperationRunner, "run">,
  booking: Pick<IdBooking, "limit">,
  settings: LimitSettings,
  clock: Clock,
  observe: Observe,
  policy: () => Policy | undefined = () => undefined,
): JobLimits {
  const underWay = new Set<Promise<void>>();
  const lookedAt = new LRUCache<string, number>(growingTo(maxRollsLookedAt));
  /** by job, the policy by which it was counted */
  const waiting = new LRUCache<string, Policy>({ ...growingTo(maxWaitingKnown), ttl: waitingKnownForMs });
  /** of jobs admitted here: whether a caller of theirs is counted, so that they are on rolls */
  const onRolls = new LRUCache<string, boolean>(growingTo(maxWaitingKnown));
  const inBackground = (act: Promise<void>): void => {
    const noting = act
      .catch((error: unknown) => observe({ kind: "trouble", where: "limits", error }))
      .finally(() => underWay.delete(noting));
    underWay.add(noting);
  };
  let remembered = { count: 0, at: Number.NEGATIVE_INFINITY };

  const noteRemembered = (count: number) => {
    remembered = { count, at: clock.now() };
  };
  const isFull = async (repo: string): Promise<boolean> => {
    const isRecent = clock.now() - remembered.at < countedForMs;
    // nobody is refused by a figure of a moment ago
    const mayBeFull = remembered.count >= settings.maxRememberedJobs;
    if (!isRecent || mayBeFull) noteRemembered(await store.countRoll("ended"));
    if (remembered.count < settings.maxRememberedJobs) return false;
    const ofRepository = await store.countRoll(`ended/${repo}`);
    return isMemoryFull({ all: remembered.count, ofRepository }, settings);
  };
  /**
   * Whether a job is over, or never began. Names that are younger than a commit may have jobs that
   * are about to begin.
   */
  const isGone = async (name: string): Promise<boolean> => {
    const slash = name.indexOf("/");
    const reply = await runner.run(inspectOperation(name.slice(0, slash), name.slice(slash + 1), null));
    return reply.kind === "unknown" || isOver(reply.job.state);
  };
  const lookThrough = async (roll: string): Promise<void> => {
    const { now } = await store.readDocument("served");
    const names = await store.readRoll(roll, now + rollKeptForMs - 2 * maxCommitAgeMs, maxLooks);
    const areGone = await Promise.all(names.map(isGone));
    const [gone, alive] = [true, false].map((which) => names.filter((_, at) => areGone[at] === which));
    await store.strike(roll, gone ?? []);
    for (const name of alive ?? []) await store.enrol(roll, name, Number.MAX_SAFE_INTEGER, rollKeptForMs);
  };
  const isTimeToLook = (roll: string): boolean => {
    const now = clock.now();
    if (now - (lookedAt.get(roll) ?? Number.NEGATIVE_INFINITY) < lookEveryMs) return false;
    lookedAt.set(roll, now);
    return true;
  };
  const enrol = async (roll: string, name: string, limit: number) => {
    const { standing } = await store.enrol(roll, name, limit, rollKeptForMs);
    if (standing !== "full" || !isTimeToLook(roll)) return standing;
    await lookThrough(roll);
    return (await store.enrol(roll, name, limit, rollKeptForMs)).standing;
  };

  const remember = async (job: Job): Promise<void> => {
    const { run, jobs, repo, name } = rollsOf(job);
    const rememberedForMs = (job.forgetAt ?? 0) - (job.endedAt ?? 0);
    // what had its runners is remembered for longer, should it be re-run; of those there are no
    // more than the fleet can serve
    const { tombstoneTtlMs, ticketMaxAgeMs } = settings;
    const isServed = job.state === "taken" || job.first !== undefined;
    const keptForMs = isServed ? Math.min(rememberedForMs, Math.max(tombstoneTtlMs, ticketMaxAgeMs)) : rememberedForMs;
    const wasCounted = onRolls.get(name) !== false;
    onRolls.delete(name);
    const [{ count }] = await Promise.all([
      store.enrol("ended", name, Number.MAX_SAFE_INTEGER, keptForMs),
      ...(wasCounted ? [store.strike(run, [name]), store.strike(jobs, [name])] : []),
      ...waitingLimitsOf(policy(), job).map(({ roll }) => store.strike(roll, [name])),
      store.enrol(`ended/${repo}`, name, Number.MAX_SAFE_INTEGER, keptForMs),
    ]);
    noteRemembered(count);
    // else who enqueues and cancels without end would leave a booking behind for a day each time
    if (job.state !== "taken") await booking.limit(job.uniqueId, job.profileKey, keptForMs);
  };

  return {
    admit: async (request, isCounted) => {
      const { run, jobs, repo, name } = rollsOf(request);
      onRolls.set(name, isCounted || onRolls.get(name) === true);
      // what ended here is counted before whoever ended it comes again
      await Promise.all(underWay);
      const added: string[] = [];
      const withdraw = async () => {
        await Promise.all(added.map((roll) => store.strike(roll, [name])));
      };
      if (await isFull(repo)) return { refusal: "too_many_remembered", withdraw };
      const ofCaller = [
        [run, settings.maxJobsPerRun, "run_full"],
        [jobs, settings.maxJobsPerRepo, "repository_full"],
      ] as const;
      // an operator's limits hold whoever asks
      const ofPolicy = waitingLimitsOf(policy(), request).map(
        ({ roll, maxWaiting }) => [roll, maxWaiting, "repository_full"] as const,
      );
      const limits = [...(isCounted ? ofCaller : []), ...ofPolicy];
      for (const [roll, limit, refusal] of limits) {
        const standing = await enrol(roll, name, limit);
        if (standing === "full") return { refusal, withdraw };
        if (standing === "added") added.push(roll);
      }
      return { refusal: null, withdraw };
    },
    noteWaiting: (job) => {
      const current = policy();
      if (current === undefined) return;
      const { name } = rollsOf(job);
      if (waiting.get(name) === current) return;
      waiting.set(name, current);
      const rolls = waitingLimitsOf(current, job).map(({ roll }) => roll);
      if (rolls.length === 0) return;
      inBackground(
        (async () => {
          for (const roll of rolls) await store.enrol(roll, name, Number.MAX_SAFE_INTEGER, rollKeptForMs);
        })(),
      );
    },
    noteEnded: (job) => {
      waiting.delete(rollsOf(job).name);
      inBackground(remember(job));
    },
    idle: async () => {
      await Promise.all(underWay);
    },
  };
}

/** `max_waiting` of a job's repository, owner and class, each with the roll of those who wait. */
function waitingLimitsOf(policy: Policy | undefined, { qualifiedRepo, className }: JobRequest) {
  if (policy === undefined) return [];
  return findFlowRules(policy, qualifiedRepo, className).limits.flatMap(({ scope, name, maxWaiting }) =>
    maxWaiting === undefined ? [] : [{ roll: `waiting/${scope}/${name}`, maxWaiting }],
  );
}

/** GitHub does not regard the case of a repository. */
function rollsOf({ uniqueId, profileKey, qualifiedRepo, runId }: JobRequest) {
  const repo = qualifiedRepo.toLowerCase();
  return { repo, run: `run/${repo}#${runId}`, jobs: `jobs/${repo}`, name: `${profileKey}/${uniqueId}` };
}
