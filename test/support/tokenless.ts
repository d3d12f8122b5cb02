// A queue that takes jobs without a token of its own, with one simulated monitor and one simulated
// GitHub behind it; and what a workflow does there: upload an artifact, enqueue by it.
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import {
  type GithubOptions,
  type SimulatedGithub,
  startSimulatedGithub,
} from "../../scripts/simulated-github/github.ts";
import { githubToken, type Proof, proofText } from "./github.ts";
import { monitorToken, type RunningService, startService } from "./service.ts";
import { forgeZip } from "./zip-forge.ts";

export const repo = "servo/servo";
export const runId = "77";

export interface TokenlessQueue extends AsyncDisposable {
  readonly github: SimulatedGithub;
  readonly monitor: SimulatedMonitor;
  readonly service: RunningService;
  /**
   * Uploads a proof as a workflow does; what is given replaces what an honest one says. Returns the
   * artifact's id.
   */
  upload(uniqueId: string, options?: UploadOptions): number;
  /** POST /enqueue. `caller`: the address that a proxy of ours reports. */
  enqueue(query: Readonly<Record<string, string>>, caller?: string): Promise<ProblemReply>;
  /** The same, for a job of the run that is known. */
  enqueueJob(uniqueId: string, caller?: string): Promise<ProblemReply>;
}

export interface UploadOptions extends Partial<Proof> {
  readonly createdAt?: Date;
  readonly expired?: boolean;
  readonly zip?: Uint8Array;
  readonly claimedSize?: number;
}

export interface ProblemReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** `code` of a problem+json body. */
  readonly code: string | undefined;
  readonly detail: string | undefined;
}

type Env = Readonly<Record<string, string>>;

/**
 * `env`: over and above what every such queue needs; as a function where it depends on the address
 * of GitHub.
 */
export async function startTokenlessQueue(
  env: Env | ((github: SimulatedGithub) => Env) = {},
  githubOptions: GithubOptions = { token: githubToken },
): Promise<TokenlessQueue> {
  const github = await startSimulatedGithub(githubOptions);
  const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 3 } });
  const service = await startService({
    monitors: [monitor],
    env: {
      GITHUB_API_URL: github.url,
      ALLOWED_REPOS: "servo/",
      TRUSTED_PROXIES: "127.0.0.1",
      ...(githubOptions.token === undefined ? {} : { GITHUB_TOKEN: githubOptions.token }),
      ...(typeof env === "function" ? env(github) : env),
    },
  });
  github.addRun(repo, runId);

  const enqueue = async (query: Readonly<Record<string, string>>, caller?: string) => {
    const headers: Record<string, string> = caller === undefined ? {} : { "x-forwarded-for": caller };
    return await askProblem(`${service.url}/enqueue?${new URLSearchParams(query)}`, { method: "POST", headers });
  };
  return {
    github,
    monitor,
    service,
    upload: (uniqueId, { createdAt, expired, zip, claimedSize, ...proof } = {}) => {
      const text = proofText({ uniqueId, repo, runId, profile: "linux", ...proof });
      return github.addArtifact({
        repo,
        runId,
        name: `servo-ci-runners_${uniqueId}`,
        zip: zip ?? forgeZip([{ name: "proof.txt", content: text }]),
        ...(createdAt === undefined ? {} : { createdAt }),
        ...(expired === undefined ? {} : { expired }),
        ...(claimedSize === undefined ? {} : { claimedSize }),
      });
    },
    enqueue,
    enqueueJob: (uniqueId, caller) => enqueue({ unique_id: uniqueId, qualified_repo: repo, run_id: runId }, caller),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await monitor.close();
      await github.close();
    },
  };
}

export async function askProblem(url: string, init: RequestInit): Promise<ProblemReply> {
  const reply = await fetch(url, init);
  const text = await reply.text();
  const isProblem = reply.headers.get("content-type") === "application/problem+json";
  const problem = isProblem ? (JSON.parse(text) as { code: string; detail?: string }) : undefined;
  return { status: reply.status, text, headers: reply.headers, code: problem?.code, detail: problem?.detail };
}
