// A simulated GitHub that ends with its test, and what a workflow writes into the artifact that
// proves who it is.
import { onTestFinished } from "vitest";
import {
  type GithubOptions,
  type SimulatedGithub,
  startSimulatedGithub,
} from "../../scripts/simulated-github/github.ts";

/** What the simulated GitHub takes for a good personal token. */
export const githubToken = "github-token-of-the-tests";

export async function startGithub(options: GithubOptions = {}): Promise<SimulatedGithub> {
  const github = await startSimulatedGithub({ token: githubToken, ...options });
  onTestFinished(() => github.close());
  return github;
}

export interface Proof {
  readonly uniqueId: string;
  /** owner/repo */
  readonly repo: string;
  readonly runId: string;
  readonly profile: string;
  /** Absent: 1. */
  readonly count?: number;
  /** Lines over and above those every workflow writes. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** The key=value lines of the artifact with which a workflow without a token enqueues. */
export function proofText({ uniqueId, repo, runId, profile, count = 1, extra = {} }: Proof): string {
  const lines = {
    unique_id: uniqueId,
    self_hosted_image_name: profile,
    self_hosted_runner_count: String(count),
    qualified_repo: repo,
    run_id: runId,
    ...extra,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
