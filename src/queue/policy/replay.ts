// What the last hour would have been in another order. The history says when each job came, what
// it wanted, and when runners were there: each claim that ended well is a supply of so many runners
// at that time. The same jobs and supplies are played through in two orders, so that all that
// differs is the order.
//
// What the history does not say is not guessed: when a runner was free again (so limits are not
// played), and what a workflow's claims were (so a job keeps the class that it had).
import type { HistoryEntry } from "../history.ts";
import { finishOf, startOf } from "./share.ts";

/** The weight of a flow; null: first come, first served. */
export type WeightOf = ((repository: string, className: string | undefined) => number) | null;

export interface Waits {
  readonly meanMs: number;
  readonly longestMs: number;
}

export interface FlowWaits {
  readonly repository: string;
  readonly className: string | undefined;
  readonly jobs: number;
  readonly runners: number;
  readonly before: Waits;
  readonly after: Waits;
}

export interface Comparison {
  /** what is older is forgotten, or was before the hour; ms since 1970, null: nothing happened */
  readonly since: number | null;
  /** jobs that got their runners, or wait now */
  readonly jobs: number;
  readonly waiting: number;
  /** of those that wait in either order, how many stand elsewhere in the other */
  readonly moved: number;
  /** the largest first */
  readonly flows: readonly FlowWaits[];
}

interface PastJob {
  readonly repository: string;
  readonly className: string | undefined;
  readonly runners: number;
  readonly arrivedAt: number;
  claimedAt: number | null;
  /** when its runners were there */
  servedAt: number | null;
  /** when it left without */
  leftAt: number | null;
}

/** @param entries of one profile, the newest first, as the history is read */
export function compareOrders(
  entries: readonly HistoryEntry[],
  before: WeightOf,
  after: WeightOf,
  since: number,
  now: number,
): Comparison {
  const recent = entries
    .filter(({ at }) => at >= since)
    .flatMap(stepOf)
    .toReversed();
  const jobs = jobsOf(recent);
  const [was, would] = [replay(jobs, before), replay(jobs, after)];
  const counted = jobs.filter(({ leftAt }) => leftAt === null);
  const flows = [...Map.groupBy(counted, flowOf).values()].flatMap((alike) => summarise(alike, was, would, now));
  const positions = (played: Played) => new Map(played.waiting.map((job, at) => [job, at]));
  const [here, there] = [positions(was), positions(would)];
  return {
    since: recent[0]?.at ?? null,
    jobs: counted.length,
    waiting: was.waiting.length,
    moved: [...new Set([...here.keys(), ...there.keys()])].filter((job) => here.get(job) !== there.get(job)).length,
    flows: flows.toSorted((a, b) => b.runners - a.runners),
  };
}

interface Step {
  readonly at: number;
  readonly what: HistoryEntry["what"];
  /** the same for all steps of one job and generation */
  readonly key: string;
  readonly job: PastJob;
}

/** What an entry tells of a job; nothing where it is an act. */
function stepOf({ at, what, id, repo, count, generation, waitedMs, class: className }: HistoryEntry): Step[] {
  if (id === undefined || repo === undefined || count === undefined || waitedMs === undefined) return [];
  const arrivedAt = at - waitedMs;
  const key = `${id}@${arrivedAt}#${generation}`;
  const times = { arrivedAt, claimedAt: null, servedAt: null, leftAt: null };
  return [{ at, what, key, job: { repository: repo.toLowerCase(), className, runners: count, ...times } }];
}

function jobsOf(steps: readonly Step[]): PastJob[] {
  const jobs = new Map<string, PastJob>();
  for (const { at, what, key, job: first } of steps) {
    const job = jobs.get(key) ?? first;
    jobs.set(key, job);
    if (what === "claimed") job.claimedAt = at;
    else if (what === "taken") job.servedAt = job.claimedAt ?? at;
    else if (what === "failed" || what === "abandoned" || what === "cancelled") job.leftAt = at;
  }
  return [...jobs.values()];
}

function flowOf({ repository, className }: PastJob): string {
  return `${repository} ${className ?? ""}`;
}

interface Played {
  readonly servedAt: ReadonlyMap<PastJob, number>;
  /** in order */
  readonly waiting: readonly PastJob[];
}

interface Standing {
  readonly job: PastJob;
  readonly start: number;
  readonly finish: number;
}

/** Whoever is first is served when there are runners enough; nobody overtakes them. */
function replay(jobs: readonly PastJob[], weightOf: WeightOf): Played {
  let virtualTime = 0;
  let free = 0;
  let line: Standing[] = [];
  const servedUntil = new Map<string, number>();
  const servedAt = new Map<PastJob, number>();

  const arrive = (job: PastJob) => {
    const flow = flowOf(job);
    const waiting = line.filter((one) => flowOf(one.job) === flow).map(({ finish }) => finish);
    const start = weightOf === null ? 0 : startOf(virtualTime, Math.max(servedUntil.get(flow) ?? 0, ...waiting));
    const weight = weightOf?.(job.repository, job.className) ?? 1;
    line.push({ job, start, finish: finishOf(start, job.runners, weight) });
    // who came first stays first among equals: the sort is stable
    line.sort((a, b) => a.start - b.start);
  };
  const leave = (job: PastJob) => {
    line = line.filter((one) => one.job !== job);
  };
  const serve = (now: number) => {
    for (let first = line[0]; first !== undefined && first.job.runners <= free; first = line[0]) {
      line.shift();
      free -= first.job.runners;
      virtualTime = Math.max(virtualTime, first.start);
      servedUntil.set(flowOf(first.job), first.finish);
      servedAt.set(first.job, now);
    }
  };
  for (const { at, act } of momentsOf(jobs)) {
    if (act.kind === "arrive") arrive(act.job);
    else if (act.kind === "leave") leave(act.job);
    else free += act.job.runners;
    serve(at);
  }
  return { servedAt, waiting: line.map(({ job }) => job) };
}

interface Moment {
  readonly at: number;
  readonly act: { readonly kind: "arrive" | "supply" | "leave"; readonly job: PastJob };
}

function momentsOf(jobs: readonly PastJob[]): Moment[] {
  const moments = jobs.flatMap((job): Moment[] => [
    { at: job.arrivedAt, act: { kind: "arrive", job } },
    ...(job.servedAt === null ? [] : [{ at: job.servedAt, act: { kind: "supply", job } } as const]),
    ...(job.leftAt === null ? [] : [{ at: job.leftAt, act: { kind: "leave", job } } as const]),
  ]);
  return moments.sort((a, b) => a.at - b.at);
}

/** @param jobs of one flow */
function summarise(jobs: readonly PastJob[], before: Played, after: Played, now: number): FlowWaits[] {
  const [first] = jobs;
  if (first === undefined) return [];
  const { repository, className } = first;
  const waitsIn = ({ servedAt }: Played): Waits => {
    const waits = jobs.map((job) => (servedAt.get(job) ?? now) - job.arrivedAt);
    const sum = waits.reduce((total, wait) => total + wait, 0);
    return { meanMs: Math.round(sum / jobs.length), longestMs: Math.max(...waits) };
  };
  return [
    {
      repository,
      className,
      jobs: jobs.length,
      runners: jobs.reduce((sum, { runners }) => sum + runners, 0),
      before: waitsIn(before),
      after: waitsIn(after),
    },
  ];
}
