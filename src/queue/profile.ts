// What an operation reads of a profile, and what it may change: the language between the rules and
// the stores.
//
// An operation is a pure function from a ProfileView to a Decision. Whoever runs it loads what it
// asks for, and commits its change only if everything that it relied on still holds; else the
// operation is decided anew on a fresh view.
import type { Act } from "./acts.ts";
import type { Capacity } from "./fleet/capacity.ts";
import type { Sample } from "./fleet/chart.ts";
import type { Snapshot, Takes } from "./fleet/fleet.ts";
import type { FreedRate } from "./fleet/freed-rate.ts";
import type { HistoryEntry } from "./history.ts";
import type { Job } from "./job/job.ts";
import type { ListName, NeedCount } from "./line/line.ts";
import type { Flows, VirtualTime } from "./line/shares.ts";
import type { Silence } from "./line/silence.ts";
import type { PresentJob } from "./line/turn.ts";
import type { Policy } from "./policy/policy.ts";
import type { QueueSettings } from "./settings.ts";
import type { Count } from "./stats/count.ts";

/** What is kept of a profile beside its jobs and its fleet. */
export interface ProfileHead {
  readonly paused: Act | null;
  readonly silence: Silence;
  /** how fast runners came free, and one sample a minute of the last hour: the sweep's */
  readonly freedRate: FreedRate;
  readonly chart: readonly Sample[];
  /** how far the line is shared out, and by whom; null: places are the order */
  readonly virtualTime: VirtualTime | null;
  readonly flows: Flows;
}

/** What an operation has to read, beside the head and the fleet, which every one may. */
export interface Reads {
  /** jobs by name; where `order` is given, those ahead of that place are counted */
  readonly jobs?: readonly JobRead[];
  /** the first present jobs: whoever makes room names whose turn it is */
  readonly front?: boolean;
  /** jobs for which time has come */
  readonly due?: boolean;
  /** so many jobs of each list, from its beginning, for people to look at */
  readonly listed?: number;
  /** so many absent jobs */
  readonly absent?: number;
  /** so many places in line, one after the other */
  readonly places?: number;
  /** how many jobs are in each list, by need */
  readonly sizes?: boolean;
  /** the freed rate and the chart */
  readonly figures?: boolean;
  /** the flows that share the line: whoever comes in line, or may leave it unserved */
  readonly flows?: boolean;
}

export interface JobRead {
  readonly uniqueId: string;
  readonly order: string | null;
}

export interface JobView {
  /** null: the store knows nothing of it */
  readonly job: Job | null;
  /** present jobs ahead of the order that was asked for, by need */
  readonly ahead: readonly NeedCount[];
  /** the same of those aside */
  readonly asideAhead: readonly NeedCount[];
}

export interface ProfileView {
  readonly profileKey: string;
  /** the store's clock, ms */
  readonly now: number;
  /** since when this store knows everything: jobs of before may have claims that it forgot */
  readonly lostAt: number;
  /** since when somebody could be heard without a break: deadlines of presence count from then */
  readonly renewedAt: number;
  /** since when the store's clock was not set, ms on itself; 0: it never was */
  readonly clockSince: number;
  readonly head: ProfileHead;
  readonly capacity: Capacity;
  readonly job: (uniqueId: string) => JobView;
  readonly front: readonly (PresentJob & { readonly order: string })[];
  readonly due: readonly Job[];
  readonly isMoreDue: boolean;
  readonly listed: readonly Job[];
  readonly absent: readonly Job[];
  /** the first of the places that were asked for */
  readonly place: number;
  readonly sizes: Readonly<Record<ListName, readonly NeedCount[]>>;
  readonly settings: QueueSettings;
  /** undefined: first come, first served */
  readonly policy: Policy | undefined;
  /** the instance that decides, and whether it knows a monitor */
  readonly owner: string;
  readonly canReach: (monitor: string) => boolean;
}

/** The same view with another head, as it will be once something else is written. */
export function withHead(view: ProfileView, head: ProfileHead): ProfileView {
  return withParts(view, { head });
}

/** The same view with other parts: what is decided before is not written yet. */
export function withParts(
  view: ProfileView,
  parts: Partial<Pick<ProfileView, "head" | "place" | "sizes">>,
): ProfileView {
  const { front, due, listed, absent } = view;
  return { ...view, front, due, listed, absent, ...parts };
}

/** A job as it was read and as it is to be; null: unknown before, or forgotten from now on. */
export interface JobChange {
  readonly before: Job | null;
  readonly after: Job | null;
}

export interface Change {
  readonly jobs?: readonly JobChange[];
  readonly snapshots?: ReadonlyMap<string, Snapshot>;
  readonly takes?: ReadonlyMap<string, Takes>;
  /** monitors that are no part of the fleet any more */
  readonly removed?: readonly string[];
  readonly head?: Partial<ProfileHead>;
  readonly history?: readonly HistoryEntry[];
  /** over time, beside what the history's entries count */
  readonly counts?: readonly Count[];
  /** jobs that somebody may wait for: they are told to look */
  readonly wake?: readonly string[];
  /** somebody else may be able to claim now: they are told as well */
  readonly makesRoom?: boolean;
  /** what was decided by the capacity of before is not true any more */
  readonly raisesRoom?: boolean;
  readonly relies?: Reliance;
}

/**
 * What must still hold when the change is written, beside the jobs, rows and head that it changes.
 */
export interface Reliance {
  /** nothing lowered the capacity, changed which needs can be served, or paused */
  readonly onRoom?: boolean;
  /** at most so many runners are needed ahead of a place, among needs up to `servable` */
  readonly onRank?: {
    readonly uniqueId: string;
    readonly order: string;
    readonly servable: number;
    readonly runners: number;
    readonly isAsideCounted: boolean;
  };
  /** at most so many jobs wait */
  readonly maxWaiting?: number | null;
}

export interface Decision<Answer> {
  readonly answer: Answer;
  readonly change?: Change;
}

export interface Operation<Answer> {
  /** a word for logs and metrics */
  readonly name: string;
  readonly profileKey: string;
  readonly reads: Reads;
  readonly decide: (view: ProfileView) => Decision<Answer>;
}
