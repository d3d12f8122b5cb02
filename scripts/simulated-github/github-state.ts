// What the routes of the simulated GitHub share.
import type { AppIdentity } from "./app-jwt.ts";
import type { BlobLinks } from "./blob-links.ts";
import type { Budget } from "./budget.ts";
import type { GithubFaults } from "./faults.ts";
import type { IdTokens } from "./id-tokens.ts";
import type { Installations } from "./installations.ts";
import type { Repositories } from "./repositories.ts";
import type { RequestLog } from "./request-log.ts";

export interface GithubState {
  readonly url: string;
  readonly log: RequestLog;
  readonly faults: GithubFaults;
  readonly budget: Budget;
  readonly repositories: Repositories;
  readonly personalToken: string | null;
  readonly app: AppIdentity | null;
  readonly installations: Installations;
  readonly blobLinks: BlobLinks;
  readonly idTokens: IdTokens;
  /** What a job authorizes itself with when it asks for an id token. */
  readonly idTokenRequestToken: string;
  /** Whose id tokens are given out. */
  idTokensFor: { readonly repository: string; readonly run_id: string };
}
