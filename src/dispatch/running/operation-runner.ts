// Runs operations: load, decide, commit; and again on conflict.
//
// A profile's operations go round by round. A round takes all that wait, loads what they need in
// one trip, decides one after the other - each sees what those before it decided - and commits
// their changes in one trip. A change of which something no longer holds falls out alone, and its
// operation joins the next round. What arrives meanwhile waits for that round, and a round begins
// at the end of the event loop's turn: polls that came in together share its trip.
//
//   waiting --- a round begins ---> decided --- nothing to write, or written ---> answered
//      ^                              |
//      \------- conflict -------------/   at most `maxTries` times
import { type Clock, delay } from "../../clock.ts";
import { Capacity } from "../../queue/fleet/capacity.ts";
import type { Job } from "../../queue/job/job.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { Operation } from "../../queue/profile.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import {
  type CommitPart,
  type Loaded,
  type MaybePromise,
  type PartResult,
  type Store,
  type StoredJob,
  StoreUnavailable,
} from "../../queue/store.ts";
import { FleetHeld } from "./fleet-held.ts";
import { type Decided, Round } from "./round.ts";
import type { ServiceMarkKeeper } from "./service-mark.ts";

export interface RunnerDeps {
  readonly store: Store;
  readonly settings: QueueSettings;
  /** the policy of now: a round is decided by one */
  readonly policy?: () => Policy | undefined;
  readonly owner: string;
  readonly canReach: (monitor: string) => boolean;
  readonly mark: ServiceMarkKeeper;
  readonly newCommitId: () => string;
  readonly clock: Clock;
  readonly random: () => number;
  /** how a round went, for metrics */
  readonly noteRound?: (round: RoundNote) => void;
  /** jobs that wait, as a commit wrote them */
  readonly noteWaiting?: (job: Job) => void;
  /** jobs that are over by a commit, each once */
  readonly noteEnded?: (job: Job) => void;
  /** jobs whose claim ended by a commit, or that are over, each once */
  readonly noteLeft?: (job: Job, claimId: string | null) => void;
}

export interface RoundNote {
  readonly loads: number;
  readonly parts: number;
  readonly conflicts: number;
}

export interface OperationRunner {
  /** The answer of an operation once its change is written. Throws StoreUnavailable. */
  run<Answer>(operation: Operation<Answer>): MaybePromise<Answer>;
  /** When room was last seen in a profile here, on the store's clock, ms; 0: never. */
  roomSeenAt(profileKey: string): number;
  /** What is known here of a profile's fleet. */
  capacity(profileKey: string): Capacity | null;
}

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
}

const maxTries = 12;
const maxRound = 100;
/**
 * A commit whose reply was lost is sent again for so long, ms: the store remembers what it wrote
 * for a minute.
 */
const resendForMs = 3_000;

export function createOperationRunner(deps: RunnerDeps): OperationRunner {
  const lanes = new Map<string, Lane>();
  const laneOf = (profileKey: string): Lane => {
    let lane = lanes.get(profileKey);
    if (lane === undefined) {
      lane = new Lane(profileKey, deps);
      lanes.set(profileKey, lane);
    }
    return lane;
  };
  return {
    run: <Answer>(operation: Operation<Answer>) => laneOf(operation.profileKey).run(operation) as MaybePromise<Answer>,
    roomSeenAt: (profileKey) => lanes.get(profileKey)?.held.roomSeenAt ?? 0,
    capacity: (profileKey) => lanes.get(profileKey)?.held.capacity ?? null,
  };
}

/** One profile's operations. */
class Lane {
  readonly #profileKey: string;
  readonly #deps: RunnerDeps;
  readonly held: FleetHeld;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(profileKey: string, deps: RunnerDeps) {
    this.#profileKey = profileKey;
    this.#deps = deps;
    this.held = new FleetHeld(new Capacity(deps.settings.snapshotFreshMs), deps.settings);
  }

  run(operation: Operation<unknown>): MaybePromise<unknown> {
    if (!this.#isRunning) {
      const answer = this.#runAlone(operation);
      if (answer !== undefined) return answer.value;
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, resolve, reject, tries: 0 });
      if (!this.#isRunning) void this.#runRounds();
    });
  }

  /**
   * In one step, where the store answers at once and nobody is before it: a poll of one process.
   */
  #runAlone(operation: Operation<unknown>): { readonly value: unknown } | undefined {
    if (this.#deps.store.answersAtOnce !== true) return undefined;
    const askedAt = this.#deps.clock.now();
    const loaded = this.#load([operation]);
    if (loaded instanceof Promise || !this.#isUsable(loaded, askedAt)) return undefined;
    const round = this.#begin(loaded);
    const decided = round.decide(operation);
    if (decided.part === undefined) return { value: decided.answer };
    const wake = round.whomToWake();
    round.undo();
    const results = this.#deps.store.commit(this.#profileKey, [decided.part], wake);
    if (results instanceof Promise || results[0] !== "done") return undefined;
    this.#deps.noteRound?.({ loads: 1, parts: 1, conflicts: 0 });
    this.#noteEnded(decided.part);
    return { value: decided.answer };
  }

  #noteEnded({ jobs }: CommitPart): void {
    for (const { after, hasEnded, endedClaim } of jobs) {
      if (after === null) continue;
      if (after.state === "queued") this.#deps.noteWaiting?.(after);
      if (hasEnded) this.#deps.noteEnded?.(after);
      if (hasEnded || endedClaim !== undefined) this.#deps.noteLeft?.(after, endedClaim ?? null);
    }
  }

  async #runRounds(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) {
        await new Promise<void>((resolve) => this.#deps.clock.soon(resolve));
        const batch = this.#waiting.splice(0, maxRound);
        try {
          await this.#runRound(batch);
        } catch (error) {
          for (const one of batch) one.reject(error);
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #runRound(batch: readonly Waiting[]): Promise<void> {
    const operations = batch.map(({ operation }) => operation);
    let askedAt = this.#deps.clock.now();
    let loaded = await this.#load(operations);
    for (let tries = 0; !this.#isUsable(loaded, askedAt); tries++) {
      if (tries >= maxTries) throw new StoreUnavailable("the store does not hold still");
      const strange = this.#strangeClocks(loaded);
      if (loaded.epoch === "") await this.#deps.store.beginEpoch(this.#profileKey, "");
      else if (strange.length > 0) await this.#deps.mark.learnClocks(strange);
      else await this.#deps.mark.renew();
      askedAt = this.#deps.clock.now();
      loaded = await this.#load(operations);
    }
    const round = this.#begin(loaded);
    const decided: { readonly waiting: Waiting; readonly made: Decided; readonly followsChange: boolean }[] = [];
    let hasChanged = false;
    for (const waiting of batch) {
      try {
        const made = round.decide(waiting.operation);
        decided.push({ waiting, made, followsChange: hasChanged });
        hasChanged ||= made.change !== undefined;
      } catch (error) {
        // a rule that broke is that operation's trouble alone
        waiting.reject(error);
      }
    }
    const parts = decided.flatMap(({ made }) => (made.part === undefined ? [] : [made.part]));
    if (parts.length === 0) {
      for (const { waiting, made } of decided) waiting.resolve(made.answer);
      return;
    }
    for (const { waiting, made, followsChange } of decided) {
      if (made.part === undefined && !followsChange) waiting.resolve(made.answer);
    }
    const wake = round.whomToWake();
    const results = await this.#commit(parts, wake).finally(() => round.undo());
    const byPart = new Map(parts.map((part, at) => [part, results[at] ?? "conflict"]));
    const failures = results.filter((result) => result !== "done").length;
    this.#deps.noteRound?.({ loads: 1, parts: parts.length, conflicts: failures });
    for (const [part, result] of byPart) if (result === "done") this.#noteEnded(part);
    if (results.includes("lost")) await this.#deps.store.beginEpoch(this.#profileKey, loaded.epoch);
    let hasFailed = false;
    for (const { waiting, made, followsChange } of decided) {
      const result = made.part === undefined ? "done" : (byPart.get(made.part) ?? "conflict");
      hasFailed ||= result !== "done";
      const isUnsure = made.part === undefined && followsChange && hasFailed;
      if (result === "done" && !isUnsure) waiting.resolve(made.answer);
      else this.#again(waiting);
    }
    if (failures > 0) await delay(this.#deps.clock, Math.ceil(this.#deps.random() * 3));
  }

  #again(waiting: Waiting): void {
    waiting.tries += 1;
    if (waiting.tries >= maxTries) waiting.reject(new StoreUnavailable("too many conflicts"));
    else this.#waiting.push(waiting);
  }

  async #commit(parts: readonly CommitPart[], wake: readonly string[]): Promise<readonly PartResult[]> {
    const { store, clock } = this.#deps;
    const giveUpAt = clock.now() + resendForMs;
    for (;;) {
      try {
        return await store.commit(this.#profileKey, parts, wake);
      } catch (error) {
        const isWorthIt = parts.some(({ isRemembered }) => isRemembered) && clock.now() < giveUpAt;
        if (!(error instanceof StoreUnavailable) || !isWorthIt) throw error;
        await delay(clock, 100);
      }
    }
  }

  #load(operations: readonly Operation<unknown>[]): MaybePromise<Loaded> {
    return this.#deps.store.load(Round.requestOf(this.#profileKey, operations, this.held, this.#deps.settings));
  }

  /** Whether the profile is known, and no break and no clock that was set has to be noted first. */
  #isUsable(loaded: Loaded, askedAt: number): boolean {
    return (
      loaded.epoch !== "" && this.#deps.mark.isGood(loaded.now, askedAt) && this.#strangeClocks(loaded).length === 0
    );
  }

  /** Clocks of loaded jobs that may be newer than ours. */
  #strangeClocks({ jobs, due, listed, absent }: Loaded): readonly number[] {
    const { mark } = this.#deps;
    const strange: number[] = [];
    const look = ({ job }: StoredJob): void => {
      const { clockSince = 0 } = job;
      if (!mark.knowsClock(clockSince)) strange.push(clockSince);
    };
    for (const { stored } of jobs) if (stored !== null) look(stored);
    for (const list of [due, listed, absent]) list.forEach(look);
    return strange;
  }

  #begin(loaded: Loaded): Round {
    const { settings, policy, owner, canReach, mark, newCommitId } = this.#deps;
    this.held.update(loaded, mark.clockSince);
    return new Round(this.#profileKey, loaded, this.held, {
      settings,
      policy: policy?.(),
      owner,
      canReach,
      servedSince: mark.since,
      clockSince: mark.clockSince,
      epochSeenAt: this.held.epochSeenAt,
      newCommitId,
    });
  }
}
