// What GitHub says of its jobs reaches the job that their label names: by the booking of its id, or
// by a second label that says its profile, which books it.
import type { Clock } from "../clock.ts";
import type { OperatorWords } from "../queue/acts.ts";
import { type Observe, waitedMs } from "../queue/events.ts";
import type { HeardJob } from "../queue/job/github-word.ts";
import { type Job, type Ticket, ticketOf } from "../queue/job/job.ts";
import { type HearOutcome, hearOperation } from "../queue/operations/word/hear-github.ts";
import { type RerunReply, rerunOperation } from "../queue/operations/word/rerun.ts";
import type { IdBooking } from "./id-booking.ts";
import type { Admission, JobLimits } from "./job-limits.ts";
import type { ProfileNames } from "./profile-names.ts";
import type { OperationRunner } from "./running/operation-runner.ts";
import { noteStart } from "./start-watch.ts";

/** News of one job of GitHub's whose labels name one of ours. */
export interface GithubNews {
  /** as the label spells it */
  readonly uniqueId: string;
  /** where a label says it */
  readonly profileKey: string | null;
  readonly qualifiedRepo: string;
  readonly runId: string;
  readonly job: HeardJob;
  /** when GitHub made the job, ms since 1970 */
  readonly createdAt: number;
}

/** News of several jobs of GitHub's whose labels name the same one of ours. */
export type GroupedNews = Omit<GithubNews, "job"> & { readonly jobs: readonly HeardJob[] };

export type NewsOutcome = HearOutcome | "unknown_profile" | "settling";

export interface GithubListener {
  /** Throws StoreUnavailable. */
  hear(news: GithubNews): Promise<NewsOutcome>;
  /** The same, of all that was said at once. Throws StoreUnavailable. */
  hearAll(news: GroupedNews): Promise<NewsOutcome>;
  /**
   * Somebody says what GitHub's word would: a job that had its runners needs them again. Throws
   * StoreUnavailable.
   */
  rerun(profileKey: string, uniqueId: string, who: Ticket | OperatorWords): Promise<RerunReply>;
  /** What was heard of a job before is looked at again. */
  hearAgain(job: Job): Promise<void>;
}

export interface GithubListenerDeps {
  readonly runner: OperationRunner;
  readonly booking: IdBooking;
  readonly limits: Pick<JobLimits, "admit">;
  readonly names: ProfileNames;
  readonly observe: Observe;
  readonly clock: Clock;
  /** somebody came in line for whom nobody polls, or left it */
  readonly look: (profileKey: string) => void;
}

export function createGithubListener(deps: GithubListenerDeps): GithubListener {
  const { runner, booking, limits, names, observe, clock } = deps;

  /** Books the id of a job that GitHub's label names together with its profile. */
  const book = async (uniqueId: string, profileKey: string): Promise<number | "conflict" | "settling"> => {
    const booked = await booking.book(uniqueId, profileKey, true);
    return booked.kind === "booked" ? booked.at : booked.kind;
  };

  const report = (job: Job, outcome: HearOutcome, leaked: readonly string[]): void => {
    const { uniqueId, profileKey } = job;
    if (outcome === "enqueued") observe({ kind: "enqueued", job: ticketOf(job) });
    if (outcome === "rerun") observe({ kind: "rerun", job: ticketOf(job), generation: job.generation ?? 1 });
    if (outcome === "ended") {
      observe({ kind: "cancelled", job: ticketOf(job), waitedMs: waitedMs(job, clock.date()), by: "github" });
    }
    if (leaked.length > 0) observe({ kind: "leaked", profileKey, uniqueId, runners: leaked });
    const isInLine = job.detached !== undefined && job.state === "queued";
    if (outcome === "ended" || (isInLine && outcome !== "repeated")) deps.look(profileKey);
  };

  const run = async (
    request: {
      readonly uniqueId: string;
      readonly profileKey: string;
      readonly qualifiedRepo: string;
      readonly runId: string;
    },
    news: readonly HeardJob[],
    createdAt: number,
    isNamed: boolean,
  ): Promise<NewsOutcome> => {
    let bookedAt: number | null = null;
    let admission: Admission | undefined;
    const giveUp = async (outcome: NewsOutcome): Promise<NewsOutcome> => {
      await admission?.withdraw();
      return outcome;
    };
    for (let tries = 0; tries < 3; tries++) {
      const reply = await runner.run(hearOperation({ request, news, createdAt, isNamed, bookedAt }));
      if (reply.kind === "heard") {
        if (reply.before !== null && reply.job !== null) noteStart(observe, reply.before, reply.job);
        if (reply.job !== null) report(reply.job, reply.outcome, reply.leaked);
        // as long as it may be re-run once more
        if (reply.outcome === "rerun") await book(request.uniqueId, request.profileKey);
        return reply.outcome === "enqueued" ? "enqueued" : await giveUp(reply.outcome);
      }
      // a job would begin that nobody enqueued: held to the limits of its run and repository
      admission ??= await limits.admit({ ...request, runnerCount: 1 }, true);
      if (admission.refusal !== null) return await giveUp("full");
      const booked = await book(request.uniqueId, request.profileKey);
      if (booked === "settling") return await giveUp("settling");
      if (booked === "conflict") return await giveUp("other_run");
      bookedAt = booked;
    }
    return await giveUp("settling");
  };

  const hearAll = async (news: GroupedNews): Promise<NewsOutcome> => {
    const { uniqueId, profileKey, qualifiedRepo, runId, jobs, createdAt } = news;
    const known = await booking.find(uniqueId);
    if (known !== null) {
      const isNamed = known.profileKey === profileKey;
      return await run({ ...known, qualifiedRepo, runId }, jobs, createdAt, isNamed);
    }
    if (profileKey === null) return "unknown_job";
    if (!(await names.isKnown(profileKey))) return "unknown_profile";
    return await run({ uniqueId, profileKey, qualifiedRepo, runId }, jobs, createdAt, true);
  };

  return {
    hear: ({ job, ...news }) => hearAll({ ...news, jobs: [job] }),
    hearAll,
    rerun: async (profileKey, uniqueId, who) => {
      const reply = await runner.run(rerunOperation(profileKey, uniqueId, who));
      if (reply.kind === "in_line" && reply.isNew) {
        // as long as it may be re-run once more
        await book(uniqueId, profileKey);
        report(reply.job, "rerun", []);
      }
      return reply;
    },
    hearAgain: async ({ uniqueId, profileKey, qualifiedRepo, runId }) => {
      await run({ uniqueId, profileKey, qualifiedRepo, runId }, [], Number.POSITIVE_INFINITY, true);
    },
  };
}
