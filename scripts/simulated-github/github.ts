// A simulated GitHub over real HTTP: the few routes of its REST API that we use, its artifact blobs
// and its OIDC issuer. Strict about what it is asked, failing on demand. For tests and the demo.
import { randomBytes } from "node:crypto";
import { createListener } from "../simulated-fleet/listener.ts";
import { createBlobLinks } from "./blob-links.ts";
import { createBudget } from "./budget.ts";
import { createDeliveries, type Deliveries, type WebhookOptions } from "./deliveries.ts";
import { type GithubFaults, noFaults } from "./faults.ts";
import type { GithubState } from "./github-state.ts";
import { createIdTokens, usualRepository, usualRunId } from "./id-tokens.ts";
import { createInstallations } from "./installations.ts";
import { idTokenPath } from "./oidc-routes.ts";
import { createRepositories } from "./repositories.ts";
import { createRequestLog, type SeenRequest } from "./request-log.ts";
import { route } from "./routes.ts";

export type { GithubFaults } from "./faults.ts";
export type { SeenRequest } from "./request-log.ts";

export interface GithubOptions {
  /**
   * The personal token it accepts, which is what a workflow's GITHUB_TOKEN is too; absent: none is
   * good.
   */
  readonly token?: string;
  /**
   * A GitHub App. `installedAt`: the owners that installed it. Its tokens may read actions and
   * nothing more.
   */
  readonly app?: { readonly id: string; readonly publicKeyPem: string; readonly installedAt: readonly string[] };
  /** Address to listen on; absent: 127.0.0.1. */
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Absent: an hour. */
  readonly installationTokenTtlMs?: number;
  /** How long a blob's URL lives; absent: a minute. */
  readonly blobTtlMs?: number;
}

export interface NewArtifact {
  readonly repo: string;
  readonly runId: string;
  readonly name: string;
  readonly zip: Uint8Array;
  /** Absent: now. GitHub tells whole seconds only. */
  readonly createdAt?: Date;
  readonly expired?: boolean;
  /** What GitHub says is the size of the zip; absent: the truth. */
  readonly claimedSize?: number;
}

export interface NewJob {
  readonly name: string;
  readonly status: "queued" | "in_progress" | "completed";
  /** Which attempt of its run; absent: 1. */
  readonly attempt?: number;
  /** Absent: "self-hosted". */
  readonly labels?: readonly string[];
}

export interface SimulatedGithub {
  /** Base of the API, and the OIDC issuer; no slash at the end. */
  readonly url: string;
  /** Every request, in the order of receipt. */
  readonly requests: readonly SeenRequest[];
  /**
   * What the real GitHub would have objected to, or what must never happen. Empty at the end of
   * every good test.
   */
  readonly violations: readonly string[];
  /** To be changed at any time, field by field. */
  readonly faults: GithubFaults;
  /** `repo`: owner/repo, public. `runId`: digits. */
  addRun(repo: string, runId: string): void;
  /** Adds the run too where it is not known. Returns the artifact's id. */
  addArtifact(artifact: NewArtifact): number;
  hasArtifact(id: number): boolean;
  /**
   * Adds the run too where it is not known; a job of that name and attempt which the run already
   * has changes its status. Returns the job's id.
   */
  addJob(repo: string, runId: string, job: NewJob): number;
  /** Somebody deletes the run. */
  removeRun(repo: string, runId: string): void;
  isCancelled(repo: string, runId: string): boolean;
  /** Every change of a job is told there from now on; null: nobody is told. */
  sendEventsTo(webhook: WebhookOptions | null): Deliveries;
  /**
   * Resolves with the next request whose path, with query, matches: at its receipt, before any
   * answer.
   */
  nextRequest(pathMatches: RegExp): Promise<SeenRequest>;
  /**
   * A workflow's OIDC token as this issuer signs it. Any claim or header may be set otherwise, or
   * left out by `undefined`; what hangs on `repository` and `run_id` follows them. The header `alg`
   * is obeyed: "none" leaves the signature empty, "HS256" signs with the public key as the secret.
   */
  issueIdToken(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /**
   * Whose tokens `idTokenRequest` gives out, and `issueIdToken` makes unless its claims say
   * otherwise.
   */
  issueIdTokensFor(repo: string, runId: string): void;
  /** ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN of a job with `id-token: write`. */
  readonly idTokenRequest: { readonly url: string; readonly token: string };
  /** A new OIDC key with a new kid; the old one is gone from the JWKS. */
  rotateOidcKey(): Promise<void>;
  /**
   * Every installation token given out so far is bad from now on, sooner than it was promised to
   * be.
   */
  revokeInstallationTokens(): void;
  /**
   * The hourly budget of whoever asks. `resetAt`: seconds since 1970. Fields may be set at any
   * time.
   */
  readonly budget: { limit: number; remaining: number; resetAt: number };
  /** Cuts every connection, also those that hang. */
  close(): Promise<void>;
}

/** Rejects where the port is taken. */
export async function startSimulatedGithub(options: GithubOptions = {}): Promise<SimulatedGithub> {
  const { token = null, app = null, host = "127.0.0.1", port = 0 } = options;
  const listener = await createListener(host, port, (request, response) => void route(state, request, response));
  const url = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${listener.port()}`;
  const repositories = createRepositories();
  let deliveries = createDeliveries(null);
  const state: GithubState = {
    url,
    log: createRequestLog(),
    faults: { ...noFaults },
    budget: createBudget(Date.now()),
    repositories,
    personalToken: token,
    app,
    installations: createInstallations(app?.installedAt ?? [], options.installationTokenTtlMs ?? 3_600_000),
    blobLinks: createBlobLinks(options.blobTtlMs ?? 60_000),
    idTokens: createIdTokens(url),
    idTokenRequestToken: randomBytes(24).toString("base64url"),
    idTokensFor: { repository: usualRepository, run_id: usualRunId },
  };

  return {
    url,
    requests: state.log.requests,
    violations: state.log.violations,
    faults: state.faults,
    addRun: (repo, runId) => void repositories.addRun(repo, runId),
    addArtifact({ repo, runId, name, zip, createdAt = new Date(), expired = false, claimedSize = zip.length }) {
      const run = repositories.addRun(repo, runId);
      return repositories.addArtifact({ run, name, zip, createdAt, isExpired: expired, claimedSize }).id;
    },
    hasArtifact: (id) => repositories.artifact(id) !== null,
    addJob: (repo, runId, job) => {
      const id = repositories.putJob(repositories.addRun(repo, runId), job);
      const { status: jobState, attempt = 1, labels = ["self-hosted"] } = job;
      deliveries.send({ repo, runId: Number(runId), id, attempt, state: jobState, labels, createdAt: new Date() });
      return id;
    },
    sendEventsTo: (webhook) => {
      deliveries = createDeliveries(webhook);
      return deliveries;
    },
    removeRun: (repo, runId) => repositories.removeRun(repositories.addRun(repo, runId)),
    isCancelled: (repo, runId) => repositories.find(repo)?.runs.get(runId)?.isCancelled ?? false,
    nextRequest: state.log.next,
    issueIdToken: (claims, header = {}) => state.idTokens.issue({ ...state.idTokensFor, ...claims }, header),
    issueIdTokensFor(repository, run_id) {
      state.idTokensFor = { repository, run_id };
    },
    idTokenRequest: { url: `${url}${idTokenPath}?api-version=2.0`, token: state.idTokenRequestToken },
    rotateOidcKey: state.idTokens.rotate,
    revokeInstallationTokens: state.installations.revokeAll,
    budget: state.budget,
    close: listener.stop,
  };
}
