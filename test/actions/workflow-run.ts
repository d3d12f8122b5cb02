// A workflow's run in which the actions are tested: the simulated GitHub, its environment, and
// runner-select with inputs that are in order.
import { basename } from "node:path";
import type { SimulatedGithub } from "../../scripts/simulated-github/github.ts";
import { githubToken, startGithub } from "../support/github.ts";
import { forgeZip } from "../support/zip-forge.ts";
import { type ActionEnd, type ActionOptions, type RunningAction, startAction } from "./composite-action.ts";

export const repo = "servo/servo";
export const runId = "77";
export { githubToken };

export interface WorkflowRun {
  readonly github: SimulatedGithub;
  /** What the runner sets for every step of the run. */
  readonly env: Readonly<Record<string, string>>;
  /** The same with `id-token: write`. */
  readonly envWithIdToken: Readonly<Record<string, string>>;
  /** The ids of the artifacts that were uploaded. */
  readonly uploaded: readonly number[];
  /** runner-select for one runner of the profile `linux`, unless the inputs say otherwise. */
  start(inputs: Readonly<Record<string, string>>, options?: Partial<ActionOptions>): Promise<RunningAction>;
  /** The same, to its end. */
  select(inputs: Readonly<Record<string, string>>, options?: Partial<ActionOptions>): Promise<ActionEnd>;
}

export async function startWorkflowRun(): Promise<WorkflowRun> {
  const github = await startGithub();
  github.addRun(repo, runId);
  github.issueIdTokensFor(repo, runId);
  const env = { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: repo, GITHUB_RUN_ID: runId };
  const uploaded: number[] = [];
  const upload: ActionOptions["upload"] = ({ name, fileName, content }) => {
    const zip = forgeZip([{ name: basename(fileName), content }]);
    const id = github.addArtifact({ repo, runId, name, zip });
    uploaded.push(id);
    return id;
  };
  const start: WorkflowRun["start"] = (inputs, options = {}) =>
    startAction("runner-select", {
      inputs: {
        GITHUB_TOKEN: githubToken,
        "github-hosted-runner-label": "ubuntu-latest",
        "self-hosted-image-name": "linux",
        ...inputs,
      },
      env,
      upload,
      ...options,
    });
  return {
    github,
    env,
    envWithIdToken: {
      ...env,
      ACTIONS_ID_TOKEN_REQUEST_URL: github.idTokenRequest.url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.idTokenRequest.token,
    },
    uploaded,
    start,
    select: async (inputs, options) => await (await start(inputs, options)).ended,
  };
}

/** The outputs of a run that got nothing. */
export const githubHosted = {
  "selected-runner-label": "ubuntu-latest",
  "selected-runner-count": "1",
  "selected-runner-indices": "[1]",
  "runner-type-label": "ubuntu-latest",
  "is-self-hosted": "false",
};
