// POST /policy?dry_run=1: what the last hour would have been under the policy in the body. Nothing
// changes: a policy is changed by its file.
import type { Context } from "hono";
import type { BearerCheck } from "../auth/bearer.ts";
import { readBytes, readWhole } from "../bounded-body.ts";
import { maxPolicyBytes, parsePolicy } from "../config/policy-file.ts";
import type { Administration } from "../dispatch/administration.ts";
import { historyLength } from "../queue/history.ts";
import { findFlowRules } from "../queue/policy/flow-rules.ts";
import type { Policy } from "../queue/policy/policy.ts";
import { type Comparison, compareOrders, type Waits, type WeightOf } from "../queue/policy/replay.ts";
import { objectToOperator } from "./operator-routes.ts";
import { parseQuery } from "./params.ts";
import { refuse, unstored } from "./problem.ts";

export interface PolicyDeps {
  readonly administration: Pick<Administration, "profiles" | "history">;
  readonly operators: BearerCheck;
  /** the policy of now */
  readonly policy: () => Policy | undefined;
}

const lookBackMs = 3_600_000;
const maxFlows = 100;

export function createPolicyRoute(deps: PolicyDeps): (c: Context) => Promise<Response> {
  return async function tryPolicy(c) {
    const objection = await objectToOperator(deps.operators, c.req.header("authorization"));
    if (objection !== null) return objection;
    const query = parseQuery(c, ["dry_run"]);
    if (query.kind === "refused") return query.response;
    if (query.value.get("dry_run") !== "1") {
      return refuse("malformed_parameter", "dry_run: 1. A policy is changed by its file and SIGHUP, not here");
    }
    const bytes = await readWhole(readBytes(c.req.raw, maxPolicyBytes));
    if (bytes === null) return refuse("body_too_large", undefined, { connection: "close" });
    const parsed = parsePolicy(new TextDecoder().decode(bytes));
    if (parsed.kind === "problems") return refuse("policy_invalid", parsed.problems.join("; "));
    const [before, after] = [weightsOf(deps.policy()), weightsOf(parsed.policy)];
    const now = Date.now();
    const profiles = await Promise.all(
      (await deps.administration.profiles()).map(async (profileKey) => {
        const entries = await deps.administration.history(profileKey, historyLength);
        return { profileKey, compared: compareOrders(entries, before, after, now - lookBackMs, now) };
      }),
    );
    const described = profiles
      .filter(({ compared }) => compared.jobs > 0)
      .map(({ profileKey, compared }) => describe(profileKey, compared, parsed.policy));
    return c.json({ profiles: described }, 200, unstored);
  };
}

function weightsOf(policy: Policy | undefined): WeightOf {
  if (policy === undefined) return null;
  return (repository, className) => findFlowRules(policy, repository, className).weight;
}

function describe(profileKey: string, { since, jobs, waiting, moved, flows }: Comparison, policy: Policy) {
  return {
    profile_key: profileKey,
    since: since === null ? null : new Date(since).toISOString(),
    jobs,
    waiting,
    moved,
    flows: flows.slice(0, maxFlows).map((flow) => {
      const { weight, matchedRule } = findFlowRules(policy, flow.repository, flow.className);
      return {
        repository: flow.repository,
        class: flow.className ?? null,
        weight,
        matched_rule: matchedRule,
        jobs: flow.jobs,
        runners: flow.runners,
        before: describeWaits(flow.before),
        after: describeWaits(flow.after),
      };
    }),
  };
}

function describeWaits({ meanMs, longestMs }: Waits) {
  return { mean_wait_seconds: Math.round(meanMs / 1000), longest_wait_seconds: Math.round(longestMs / 1000) };
}
