// The way to GitHub's API: who we are there, and what is asked by it.
import type { Observe } from "../queue/events.ts";
import type { GithubRuns } from "../queue/github-runs.ts";
import { type ArtifactCheck, createArtifactCheck } from "./artifact-check.ts";
import { createGithubApi } from "./github-api.ts";
import { createGithubClient } from "./github-client.ts";
import { createAppCredentials, createTokenCredentials } from "./github-credentials.ts";
import { createAskGithub } from "./github-question.ts";
import { createGithubRuns } from "./run-jobs.ts";
import { loadSoleFile } from "./sole-file.ts";

/** As settings have them. */
export interface GithubSettings {
  readonly GITHUB_API_URL: string;
  readonly GITHUB_TOKEN?: string | undefined;
  readonly GITHUB_APP_ID?: string | undefined;
  /** PEM, PKCS#8 */
  readonly GITHUB_APP_PRIVATE_KEY?: string | undefined;
  readonly ARTIFACT_PREFIX: string;
  readonly ARTIFACT_MAX_AGE: number;
  readonly ALLOWED_REPOS: readonly string[];
}

export interface GithubConnection {
  readonly artifacts: ArtifactCheck;
  /** absent: we are nobody there, and ask about no run */
  readonly runs: GithubRuns | undefined;
}

/** @param tokenNow GITHUB_TOKEN, which a reload may change */
export async function connectGithub(
  settings: GithubSettings,
  tokenNow: () => string | null,
  observe: Observe,
): Promise<GithubConnection> {
  const { GITHUB_API_URL: url, GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: privateKey } = settings;
  const api = createGithubApi(url, observe, Date.now);
  const credentials =
    id === undefined || privateKey === undefined
      ? createTokenCredentials(tokenNow)
      : await createAppCredentials({ id, privateKey }, api, observe, Date.now);
  const ask = createAskGithub(api, credentials, observe);
  const client = createGithubClient(url, ask, Date.now);
  const proof = { artifactPrefix: settings.ARTIFACT_PREFIX, artifactMaxAgeMs: settings.ARTIFACT_MAX_AGE };
  return {
    artifacts: createArtifactCheck(proof, client, loadSoleFile, observe, Date.now),
    runs: canAskGithub(settings) ? createGithubRuns(ask, settings.ALLOWED_REPOS) : undefined,
  };
}

/** Whether GitHub's API answers us: it would answer nobody sixty times an hour. */
export function canAskGithub({
  GITHUB_TOKEN,
  GITHUB_APP_ID,
}: Pick<GithubSettings, "GITHUB_TOKEN" | "GITHUB_APP_ID">): boolean {
  return GITHUB_TOKEN !== undefined || GITHUB_APP_ID !== undefined;
}
