// What the operations of one round see of their profile. One view serves them all, turned from one
// to the next: each is decided in one step, and a poll costs little more than its own look.
import type { Capacity } from "../../queue/fleet/capacity.ts";
import type { Job } from "../../queue/job/job.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { JobView, ProfileHead, ProfileView, Reads } from "../../queue/profile.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Loaded, StoredJob } from "../../queue/store.ts";

/** Jobs that are due, at most so many in one round. */
export const maxDue = 200;

/** What a round is decided in, beside what was loaded. */
export interface RoundContext {
  readonly settings: QueueSettings;
  readonly policy: Policy | undefined;
  readonly owner: string;
  readonly canReach: (monitor: string) => boolean;
  readonly servedSince: number;
  readonly clockSince: number;
  /** when this instance first saw the epoch, on the store's clock, ms */
  readonly epochSeenAt: number;
  readonly newCommitId: () => string;
}

/** The state of a round that its view shows. */
interface RoundState {
  jobView(uniqueId: string, order: string | null): JobView;
  currentJobs(stored: readonly StoredJob[]): readonly Job[];
  front(): ProfileView["front"];
}

export class RoundView implements ProfileView {
  readonly profileKey: string;
  readonly now: number;
  readonly lostAt: number;
  readonly clockSince: number;
  readonly capacity: Capacity;
  readonly isMoreDue: boolean;
  readonly sizes: ProfileView["sizes"];
  readonly settings: QueueSettings;
  readonly policy: Policy | undefined;
  readonly owner: string;
  readonly canReach: (monitor: string) => boolean;
  readonly job: (uniqueId: string) => JobView;
  head: ProfileHead;
  renewedAt = 0;
  place = 0;
  readonly #round: RoundState;
  readonly #loaded: Loaded;
  readonly #servedSince: number;
  readonly #epochSeenAt: number;
  #reads: Reads = {};

  constructor(round: RoundState, profileKey: string, loaded: Loaded, capacity: Capacity, context: RoundContext) {
    this.#round = round;
    this.#loaded = loaded;
    this.#servedSince = context.servedSince;
    this.#epochSeenAt = context.epochSeenAt;
    this.profileKey = profileKey;
    this.now = loaded.now;
    this.lostAt = loaded.lostAt;
    this.clockSince = context.clockSince;
    this.capacity = capacity;
    this.isMoreDue = loaded.due.length >= maxDue;
    this.sizes = loaded.sizes;
    this.settings = context.settings;
    this.policy = context.policy;
    this.owner = context.owner;
    this.canReach = context.canReach;
    this.head = loaded.head;
    this.job = (uniqueId) => {
      const read = this.#reads.jobs?.find((one) => one.uniqueId === uniqueId);
      return round.jobView(uniqueId, read?.order ?? null);
    };
  }

  /** Shows the next operation what it reads. */
  turnTo(reads: Reads, head: ProfileHead, place: number): void {
    this.#reads = reads;
    this.head = head;
    this.place = place;
    // what a store forgot may have been somebody's last poll; an epoch may begin ahead of a clock
    // that was set back, and a time ahead is of before that
    const lostAt = this.lostAt <= this.now ? this.lostAt : this.#epochSeenAt;
    const times = [this.#servedSince, head.silence.heardSince, lostAt];
    this.renewedAt = Math.max(0, ...times.filter((time) => time <= this.now));
  }

  get front(): ProfileView["front"] {
    return this.#round.front();
  }

  get due(): readonly Job[] {
    return this.#reads.due === true ? this.#round.currentJobs(this.#loaded.due) : [];
  }

  get listed(): readonly Job[] {
    return this.#reads.listed === undefined ? [] : this.#round.currentJobs(this.#loaded.listed);
  }

  get absent(): readonly Job[] {
    return this.#reads.absent === undefined ? [] : this.#round.currentJobs(this.#loaded.absent);
  }
}
