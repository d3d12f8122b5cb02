// What GitHub's API is asked, as whoever asks sees it: how the jobs of one run stand.
import type { HeardJob } from "./job/github-word.ts";

/** A job of GitHub's whose labels name one of ours. */
export interface NamedRunJob {
  /** as the label spells it */
  readonly uniqueId: string;
  /** where a label says it, and the repository may enqueue by its labels */
  readonly profileKey: string | null;
  readonly job: HeardJob;
  /** when GitHub made it, ms since 1970 */
  readonly createdAt: number;
}

export type RunReply =
  | {
      readonly kind: "jobs";
      readonly named: readonly NamedRunJob[];
      /** GitHub's ids of all jobs of the latest attempt, whatever they name */
      readonly ids: ReadonlySet<number>;
      /** by which GitHub says next time that nothing changed, one for each page */
      readonly etags: readonly string[];
    }
  /** as it was when `etags` were given */
  | { readonly kind: "unchanged" }
  /** there is no such run, or GitHub does not show it to us */
  | { readonly kind: "missing" }
  /** the rest of the hourly budget is left to others */
  | { readonly kind: "sparing" }
  /** `why` is for logs */
  | { readonly kind: "trouble"; readonly why: string };

export interface GithubRuns {
  /** Never throws for what GitHub does. */
  ask(qualifiedRepo: string, runId: string, etags: readonly string[]): Promise<RunReply>;
}
