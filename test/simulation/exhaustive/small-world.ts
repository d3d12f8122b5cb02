// A small world for the exhaustive search: a few jobs, monitors and instances, and every event that
// may come next. The rules are production's operations, loaded and committed over the embedded
// store; what is made up here is only who calls them when, the monitors, and what gets lost. A
// world is never changed: an event makes the next one.
//
//   an instance    idle --- it loads and decides ---> about to commit --- written, or a conflict ---> idle
//   a leg          to send --- it leaves in time ---> at its monitor --- worked on ---> to settle
//                     \--- too late: unsent ------------------------------------------/
//   a claim        whose legs stay open is settled by evidence, by whoever owns it
import type { Claim, HeldRunner, Ticket } from "../../../src/queue/job/job.ts";
import type { Settlement } from "../../../src/queue/job/settlement.ts";
import type { Policy } from "../../../src/queue/policy/policy.ts";
import type { QueueSettings } from "../../../src/queue/settings.ts";
import type { CommitPart } from "../../../src/queue/store.ts";
import { testSettings } from "../../support/settings.ts";
import type { Broken } from "../promises.ts";
import type { Seen } from "../seen.ts";

export interface WorldPlan {
  /** runners that each job asks for, in order of their places */
  readonly jobs: Readonly<Record<string, number>>;
  /** runners that each monitor has, all idle at first */
  readonly monitors: Readonly<Record<string, number>>;
  readonly instances: readonly string[];
  /**
   * jobs whose clients ask any instance; the others ask the last of the living. All where it is not
   * given
   */
  readonly roaming?: readonly string[];
  /** monitors of which a dashboard may come late; all where it is not given */
  readonly late?: readonly string[];
  /**
   * How long one step of time is. A leg is sent within 2 s, a lease ends after 5 s, evidence counts
   * after 6 s. All steps together are shorter than `maxTimeMs`.
   */
  readonly tickMs: number;
  /** how much may go wrong, and how often time passes */
  readonly budget: Budget;
  /** the line is shared: each job is of a repository of its own name; without it all are of one, in plain order */
  readonly policy?: Policy;
}

/**
 * One job of one runner, one of two, and runners for both if nothing goes wrong. The first one's
 * client asks the last of the living only, the other's asks any instance.
 */
export const enough = {
  jobs: { a: 1, b: 2 },
  monitors: { m0: 2, m1: 1 },
  instances: ["x", "y"],
  roaming: ["b"],
  late: ["m0"],
  tickMs: 6_500,
} satisfies Omit<WorldPlan, "budget">;

/** Two runners: the first job needs both, and the other must not have one before. */
export const tooFew = { ...enough, jobs: { b: 2, a: 1 }, monitors: { m0: 1, m1: 1 } } satisfies Omit<
  WorldPlan,
  "budget"
>;

/**
 * The first in line is of a flow that had a job before it, which left: so the other one, that came later, goes first.
 */
export const shared = {
  ...enough,
  roaming: ["a", "b"],
  policy: { default: {}, repositories: [{ pattern: "o/a", weight: 2 }], owners: [], classes: [], monitors: [] },
} satisfies Omit<WorldPlan, "budget">;

/** What lasts for longer than this - presence, freshness, what is held - is no part of a world. */
export const maxTimeMs = 10_000;

export interface Budget {
  /** instances that die */
  readonly crashes: number;
  /** instances that stand still, for as long as may be, and go on as if nothing had been */
  readonly pauses: number;
  /** replies that are lost: of a monitor to a take, or of the store to a commit */
  readonly lostReplies: number;
  /** calls that are decided, and written only after somebody else wrote something */
  readonly races: number;
  /** dashboards that arrive after whatever else */
  readonly lateSnapshots: number;
  /** steps of time */
  readonly ticks: number;
}

/** Production's settings, but for what would make a world's time long, or end within it. */
export const worldSettings: QueueSettings = {
  ...testSettings({ MONITOR_SETTLE: "4s", UNKNOWN_HOLD: "8s", MONITOR_TAKE_TIMEOUT: "2s", ABANDON_AFTER: "5m" }),
  presenceGraceMs: 60_000,
  snapshotFreshMs: 60_000,
};

export interface Runner {
  readonly id: string;
  /** null: idle */
  readonly reservedFor: string | null;
  readonly reservedAt: number;
  readonly isUsed: boolean;
}

/** A take on its way, or waiting at its monitor. */
export interface Leg {
  readonly uniqueId: string;
  readonly claim: Pick<Claim, "id" | "at">;
  readonly monitor: string;
  readonly runners: number;
  readonly from: string;
  readonly sentAt: number;
}

export interface Monitor {
  readonly runners: readonly Runner[];
  readonly waiting: readonly Leg[];
}

/** What an instance has decided and not yet heard the end of. */
export interface Pending {
  readonly call: Call;
  readonly part: CommitPart;
  readonly wake: readonly string[];
  readonly answer: unknown;
  /** it was written, and the reply was lost: it is sent again */
  readonly isWritten: boolean;
  /** nobody else wrote anything since it was decided */
  readonly isFresh: boolean;
}

export interface Instance {
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  readonly pending: Pending | null;
  readonly toSend: readonly Leg[];
  readonly toSettle: readonly { readonly uniqueId: string; readonly settlement: Settlement }[];
  /** a dashboard that was asked for, and comes later */
  readonly late: Dashboard | null;
}

export interface Dashboard {
  readonly monitor: string;
  readonly askedAt: number;
  readonly idle: number;
}

/** What an instance may do with the store. */
export type Call =
  | { readonly kind: "poll"; readonly uniqueId: string }
  | { readonly kind: "settle"; readonly uniqueId: string; readonly settlement: Settlement }
  | { readonly kind: "sweep" }
  | { readonly kind: "snapshot"; readonly dashboard: Dashboard };

export interface World {
  readonly plan: WorldPlan;
  readonly now: number;
  /** the embedded store, as it would be on disk; values are never changed */
  readonly kept: ReadonlyMap<string, unknown>;
  /** ids of commits that are remembered, as Redis does: one that is sent again is written once */
  readonly remembered: ReadonlySet<string>;
  readonly commits: number;
  readonly monitors: Readonly<Record<string, Monitor>>;
  readonly instances: Readonly<Record<string, Instance>>;
  readonly tickets: Readonly<Record<string, Ticket>>;
  readonly left: Budget;
  readonly seen: Seen;
  readonly broken: readonly Broken[];
}

/** What happens next. */
export type WorldEvent =
  /** an instance loads, decides and writes in one go; or only loads and decides */
  | { readonly kind: "do" | "do_unheard" | "begin"; readonly instance: string; readonly call: Call }
  | { readonly kind: "commit" | "commit_unheard" | "crash" | "pause" | "wake"; readonly instance: string }
  | { readonly kind: "send"; readonly instance: string; readonly leg: Leg }
  | { readonly kind: "work" | "work_unheard"; readonly monitor: string }
  | { readonly kind: "ask_late"; readonly instance: string; readonly dashboard: Dashboard }
  | {
      readonly kind: "look_for_evidence";
      readonly instance: string;
      readonly uniqueId: string;
      readonly settlement: Settlement;
    }
  | { readonly kind: "tick" };

const nobody: Instance = { isAlive: false, isPaused: false, pending: null, toSend: [], toSettle: [], late: null };

export function instanceOf(world: Pick<World, "instances">, name: string): Instance {
  return world.instances[name] ?? nobody;
}

export function monitorOf(world: Pick<World, "monitors">, name: string): Monitor {
  return world.monitors[name] ?? { runners: [], waiting: [] };
}

export function newRunner(id: string): Runner {
  return { id, reservedFor: null, reservedAt: 0, isUsed: false };
}

/** A runner as its monitor names it in an answer, and in its dashboard. */
export function heldRunner(monitor: string, { id }: Pick<Runner, "id">): HeldRunner {
  return { monitor, id, body: JSON.stringify(`${monitor}/${id}`) };
}
