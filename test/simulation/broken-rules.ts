// Rules of the queue, broken by hand: what the simulation has to find, each with the promise that
// falls and a seed that shows it. A rule that can be broken unnoticed is proven by nobody. Most are
// faults that bit once (docs/simulation.md), come back.
import type { PromiseName } from "./promises.ts";
import type { TroubleName } from "./storms.ts";

export interface BrokenRule {
  readonly name: string;
  /** in src; `rule` stands there once, and `broken` in its place breaks it */
  readonly file: string;
  readonly rule: string;
  readonly broken: string;
  /** any of these is broken by it */
  readonly promises: readonly PromiseName[];
  /**
   * the first world of half an hour that showed it, and what may go wrong there; by default all
   * there is
   */
  readonly seed: number;
  readonly troubles?: readonly TroubleName[];
}

export const brokenRules: readonly BrokenRule[] = [
  {
    name: "a job claims as if nobody were ahead of it",
    file: "queue/line/turn.ts",
    rule: "if (rank + needed <= available) {",
    broken: "if (needed <= available) {",
    promises: ["order"],
    seed: 1,
  },
  {
    name: "a leg that is out does not count at its monitor",
    file: "queue/fleet/fleet.ts",
    rule: "const asked = legsOut(row, now).reduce((sum, [, runners]) => sum + runners, 0);",
    broken: "const asked = 0;",
    promises: ["idle", "order"],
    seed: 1,
  },
  {
    name: "a monitor that fell silent is taken to have done nothing at once",
    file: "dispatch/takes/leg-sender.ts",
    rule: "Math.max(0, Math.ceil(monitorSettleMs + (runners - 1) * settlePerRunnerMs - sinceSentMs));",
    broken: "0;",
    promises: ["reservations"],
    seed: 100,
  },
  {
    name: "after a loss jobs claim without evidence",
    file: "queue/job/after-loss.ts",
    rule: "return job.clearedFor !== lostAt;",
    broken: "return false;",
    promises: ["reservations", "order"],
    seed: 11,
  },
  {
    name: "time in which nobody could be heard counts",
    file: "queue/line/interruption.ts",
    rule: "if (isInterrupted(mark, now, settings)) return { at: now, since: now, clockSince };",
    broken: "",
    promises: ["heard"],
    seed: 5,
  },
  {
    name: "an enqueue that is repeated is no presence (issue 12, 9a)",
    file: "queue/operations/enqueue.ts",
    rule: "...presenceAfterRepeat(job, now, settings),",
    broken: "",
    promises: ["heard"],
    seed: 1,
    troubles: ["clientWeather", "pauses"],
  },
  {
    name: "a runner that evidence finds after a loss counts as reserved when the store was lost (issue 12, 9c)",
    file: "queue/job/evidence.ts",
    rule: "since: enqueuedAt(job.place),",
    broken: "since: lostAt,",
    promises: ["live_runners"],
    seed: 33,
    troubles: ["storeLosses", "slowTakes", "pauses", "crashes"],
  },
  {
    name: "the next runner is reserved while one that was let go may live (issue 12, 9d)",
    file: "queue/job/settlement.ts",
    rule: "if (!isOver(job.state) && isTooOld) standAside(job, age.by, settings);",
    broken: "",
    promises: ["reservations"],
    seed: 3,
  },
  {
    name: "times of before the clock was set count as those of now",
    file: "dispatch/running/round.ts",
    rule: "const job = ofThisClock(stored.job, this.#context.clockSince, this.#context.settings);",
    broken: "const job = stored.job;",
    promises: ["reservations", "live_runners", "order", "heard"],
    seed: 3,
  },
];
