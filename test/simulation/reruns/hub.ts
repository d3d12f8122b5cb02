// GitHub in the simulated world: the jobs of its runs, the runners that it starts them on, the
// events that it sends - lost, doubled, late and in any order - and its API, which knows better.
import type { GithubNews } from "../../../src/dispatch/github-listener.ts";
import type { GithubRuns, NamedRunJob } from "../../../src/queue/github-runs.ts";
import type { GithubState } from "../../../src/queue/job/github-word.ts";
import type { Chance } from "../chance.ts";
import { type Machine, worldBeganAt } from "../machine.ts";
import type { WorldTime } from "../world-time.ts";

export interface HubJob {
  readonly id: number;
  readonly runId: string;
  readonly attempt: number;
  readonly uniqueId: string;
  readonly createdAt: number;
  state: GithubState;
  runner?: string;
}

export interface Hub {
  /** A job waits for a runner that carries its label. */
  queue(runId: string, uniqueId: string, attempt: number): HubJob;
  /** A job of an earlier attempt that succeeded stands in the new one as well. */
  carryOver(runId: string, uniqueId: string, attempt: number): void;
  /** A runner has the label: GitHub starts a job on it, in its own time. */
  runnerReserved(runner: string, uniqueId: string): void;
  runnerGone(runner: string): void;
  /** Resolves at once: somebody cancels a job that waits. */
  cancel(job: HubJob): void;
  apiFor(machine: Machine): GithubRuns;
  readonly jobs: readonly HubJob[];
  /** true time and run of each question to the API */
  readonly questions: readonly { readonly at: number; readonly runId: string }[];
  /** from when a runner was gone until another one was reserved, ms */
  readonly replacedAfterMs: readonly number[];
  /** reserved runners that no job ever wanted, though GitHub could have started one on them */
  readonly idleRunners: readonly string[];
  readonly tally: { lost: number; doubled: number; lateStarts: number; deadRunners: number };
}

export interface HubOptions {
  /** how many events are lost, and come twice, 0 to 1 */
  readonly lost: number;
  readonly doubled: number;
  /** how many reserved runners die before they get their job, and start too late, 0 to 1 */
  readonly dead: number;
  readonly late: number;
  readonly hasApi: boolean;
}

interface HubRunner {
  readonly uniqueId: string;
  job?: HubJob;
  hasTried: boolean;
  readonly isDead: boolean;
}

export function createHub(
  time: WorldTime,
  chance: Chance,
  options: HubOptions,
  outside: {
    /** an event reaches some instance */
    readonly deliver: (news: GithubNews) => void;
    /** a runner that is still there begins its job */
    readonly startJob: (runner: string) => boolean;
    readonly completed: (job: HubJob) => void;
  },
): Hub {
  const jobs: HubJob[] = [];
  const byRun = new Map<string, HubJob[]>();
  const runners = new Map<string, HubRunner>();
  const idleRunners: string[] = [];
  const replacedAfterMs: number[] = [];
  const goneAt = new Map<string, number>();
  const questions: { readonly at: number; readonly runId: string }[] = [];
  const tally = { lost: 0, doubled: 0, lateStarts: 0, deadRunners: 0 };
  const labelled = (job: HubJob): NamedRunJob => {
    const { id, attempt, state, runner, uniqueId, createdAt } = job;
    const heard = { id, attempt, state, ...(runner !== undefined && state !== "queued" && { runner }) };
    return { uniqueId, profileKey: "linux", job: heard, createdAt };
  };

  const send = (job: HubJob): void => {
    const news = { ...labelled(job), qualifiedRepo: "o/r", runId: job.runId };
    if (chance.happens(options.lost)) {
      tally.lost += 1;
      return;
    }
    const isDoubled = chance.happens(options.doubled);
    if (isDoubled) tally.doubled += 1;
    for (let n = 0; n < (isDoubled ? 2 : 1); n++) {
      const lateMs = chance.happens(0.1) ? chance.span(60_000) : chance.between(200, 3_000);
      time.after(lateMs, () => outside.deliver(news));
    }
  };
  const add = (job: Omit<HubJob, "id" | "createdAt">): HubJob => {
    const added = { ...job, id: jobs.length + 1, createdAt: worldBeganAt + time.now };
    jobs.push(added);
    byRun.set(job.runId, [...(byRun.get(job.runId) ?? []), added]);
    send(added);
    return added;
  };
  /** GitHub matches a job that waits and a runner that has its label. */
  const match = (name: string): void => {
    const runner = runners.get(name);
    if (runner === undefined || runner.isDead || runner.job !== undefined) return;
    runner.hasTried = true;
    const job = jobs.findLast(({ uniqueId, state }) => uniqueId === runner.uniqueId && state === "queued");
    if (job === undefined || !outside.startJob(name)) return;
    runner.job = job;
    Object.assign(job, { state: "in_progress", runner: name });
    send(job);
  };
  const complete = (job: HubJob): void => {
    job.state = "completed";
    send(job);
    outside.completed(job);
  };

  return {
    jobs,
    questions,
    idleRunners,
    replacedAfterMs,
    tally,
    queue: (runId, uniqueId, attempt) => {
      const job = add({ runId, uniqueId, attempt, state: "queued" });
      const waiting = [...runners].filter(([, runner]) => runner.uniqueId === uniqueId && runner.job === undefined);
      for (const [name] of waiting) time.after(chance.between(1_000, 10_000), () => match(name));
      return job;
    },
    carryOver: (runId, uniqueId, attempt) => void add({ runId, uniqueId, attempt, state: "completed" }),
    runnerReserved: (name, uniqueId) => {
      const lostAt = goneAt.get(uniqueId);
      if (lostAt !== undefined) replacedAfterMs.push(time.now - lostAt);
      goneAt.delete(uniqueId);
      const isDead = chance.happens(options.dead);
      const isLate = !isDead && chance.happens(options.late);
      if (isDead) tally.deadRunners += 1;
      if (isLate) tally.lateStarts += 1;
      runners.set(name, { uniqueId, hasTried: false, isDead });
      const startsAfterMs = isLate ? chance.between(65_000, 90_000) : chance.between(2_000, 40_000);
      time.after(startsAfterMs, () => match(name));
    },
    runnerGone: (name) => {
      const runner = runners.get(name);
      runners.delete(name);
      const isWaiting = jobs.some(({ uniqueId, state }) => uniqueId === runner?.uniqueId && state === "queued");
      const isReplaced = [...runners.values()].some(({ uniqueId }) => uniqueId === runner?.uniqueId);
      if (runner !== undefined && isWaiting && !isReplaced) goneAt.set(runner.uniqueId, time.now);
      if (runner?.job !== undefined) complete(runner.job);
      // it was there for GitHub to use, and GitHub had no use for it
      else if (runner?.hasTried === true) idleRunners.push(`${name} for ${runner.uniqueId}`);
    },
    cancel: complete,
    apiFor: (machine) => ({
      ask: (_, runId, etags) =>
        new Promise((resolve) => {
          questions.push({ at: time.now, runId });
          machine.clock.after(chance.between(50, 300), () => {
            if (chance.happens(0.01)) return resolve({ kind: "trouble", why: "status 502" });
            const run = byRun.get(runId) ?? [];
            const latest = Math.max(...run.map(({ attempt }) => attempt));
            const listed = run.filter(({ attempt }) => attempt === latest);
            if (listed.length === 0) return resolve({ kind: "missing" });
            const etag = listed.map(({ id, state }) => `${id}${state}`).join();
            if (etags[0] === etag) return resolve({ kind: "unchanged" });
            resolve({
              kind: "jobs",
              named: listed.map(labelled),
              ids: new Set(listed.map(({ id }) => id)),
              etags: [etag],
            });
          });
        }),
    }),
  };
}
