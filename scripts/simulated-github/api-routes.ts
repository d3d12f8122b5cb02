// The API: finds the route, then takes every request through what they have in common - objections,
// the hourly budget, faults, who asks - before the route decides.
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Answer, later, notFound, refusal, sendAnswer } from "./answer.ts";
import type { ApiCall } from "./api-call.ts";
import { deleteArtifact, listArtifacts, redirectToZip } from "./artifact-routes.ts";
import { budgetHeaders, spend } from "./budget.ts";
import { type Caller, identifyCaller } from "./caller.ts";
import { noFaults } from "./faults.ts";
import { sufferFault } from "./foul-answers.ts";
import type { GithubState } from "./github-state.ts";
import { createAccessToken, findAccountInstallation, findRepositoryInstallation } from "./installation-routes.ts";
import { objectTo } from "./objections.ts";
import type { SeenRequest } from "./request-log.ts";
import { cancelRun, listJobs } from "./run-routes.ts";

interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  /** What the query may hold. */
  readonly parameters: readonly string[];
  answer(call: ApiCall): Answer | Promise<Answer>;
}

const routes: readonly Route[] = [
  route("GET", "/repos/{owner}/{repo}/actions/runs/{id}/artifacts", listArtifacts, [
    "name",
    "per_page",
    "page",
    "direction",
  ]),
  route("GET", "/repos/{owner}/{repo}/actions/artifacts/{id}/zip", redirectToZip),
  route("DELETE", "/repos/{owner}/{repo}/actions/artifacts/{id}", deleteArtifact),
  route("GET", "/repos/{owner}/{repo}/actions/runs/{id}/jobs", listJobs, ["filter", "per_page", "page"]),
  route("POST", "/repos/{owner}/{repo}/actions/runs/{id}/cancel", cancelRun),
  route("GET", "/repos/{owner}/{repo}/installation", findRepositoryInstallation),
  route("GET", "/orgs/{owner}/installation", findAccountInstallation),
  route("GET", "/users/{owner}/installation", findAccountInstallation),
  route("POST", "/app/installations/{id}/access_tokens", createAccessToken),
];

function route(method: Route["method"], path: string, answer: Route["answer"], parameters: string[] = []): Route {
  const pattern = path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return { method, path: new RegExp(`^${pattern}$`), parameters, answer };
}

export async function answerApi(
  state: GithubState,
  seen: SeenRequest,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const faults =
    state.faults.only === null || seen.path.search(state.faults.only) >= 0 ? { ...state.faults } : noFaults;
  const found = routes.find(({ method, path }) => method === seen.method && path.test(url.pathname));
  if (found === undefined) state.log.object(seen, "unknown route");
  const objections = objectTo(seen, url, found?.parameters ?? [...url.searchParams.keys()]);
  for (const { what } of objections) state.log.object(seen, what);

  const hasBudget = spend(state.budget, Date.now());
  for (const [name, value] of Object.entries(commonHeaders(state))) response.setHeader(name, value);
  await new Promise<void>((resolve) => later(response, faults.slowMs, resolve));
  const suffered = sufferFault(faults, response);
  if (suffered === "suffered") return;

  const caller = identifyCaller(state, seen.headers.authorization);
  const refused = suffered ?? (hasBudget ? null : overBudget(caller)) ?? objections.find((one) => one.refusal)?.refusal;
  if (refused) return sendAnswer(response, refused);
  if (found === undefined) return sendAnswer(response, notFound);
  const path = unescapeAll(found.path.exec(url.pathname)?.groups ?? {});
  sendAnswer(response, await found.answer({ state, seen, url, caller, path }));
}

function commonHeaders({ budget }: GithubState): Record<string, string> {
  return {
    ...budgetHeaders(budget),
    "x-github-request-id": randomUUID(),
    "x-github-media-type": "github.v3; format=json",
  };
}

function overBudget(caller: Caller): Answer {
  const whom = {
    anonymous: "127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit.)",
    person: "user ID 1.",
    installation: `installation ID ${caller.kind === "installation" ? caller.installation.id : 0}.`,
    stranger: "user ID 0.",
  }[caller.kind];
  return refusal(403, `API rate limit exceeded for ${whom}`);
}

/** A malformed escape stands for itself, and so names nothing that exists. */
function unescapeAll(groups: Record<string, string>): Record<string, string> {
  const entries = Object.entries(groups).map(([name, text]) => {
    try {
      return [name, decodeURIComponent(text)];
    } catch {
      return [name, text];
    }
  });
  return Object.fromEntries(entries);
}
