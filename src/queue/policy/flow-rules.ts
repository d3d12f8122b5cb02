// What the policy says of one flow: the jobs of one repository and class.
import { matchesGlob } from "./glob.ts";
import type { Limits, Policy } from "./policy.ts";

export interface FlowLimit extends Limits {
  readonly scope: "repository" | "owner" | "class";
  /** who is counted: the repository or the owner in lower case, or the class */
  readonly name: string;
}

export interface FlowRules {
  readonly weight: number;
  /** the pattern of the repository's rule as the file writes it, or `default` */
  readonly matchedRule: string;
  /** those that hold for the flow's jobs, all of them at once */
  readonly limits: readonly FlowLimit[];
}

/**
 * The weight of a flow is its repository's times its class's, each 1 where nothing is said. The
 * first of the repositories' rules that matches counts, and what it leaves out `default` says. A
 * repository's limit is for that repository, also where the rule's pattern matches many.
 * @param qualifiedRepo owner/repo, checked before
 * @param className undefined: the job has none. One that the policy has no more weighs 1.
 */
export function findFlowRules(policy: Policy, qualifiedRepo: string, className: string | undefined): FlowRules {
  const repository = qualifiedRepo.toLowerCase();
  const owner = repository.slice(0, repository.indexOf("/"));
  const rule = policy.repositories.find(({ pattern }) => matchesGlob(pattern.toLowerCase(), repository));
  const ownerRule = policy.owners.find(({ pattern }) => matchesGlob(pattern.toLowerCase(), owner));
  const classRule = policy.classes.find(({ name }) => name === className);
  const share = {
    weight: rule?.weight ?? policy.default.weight ?? 1,
    maxRunners: rule?.maxRunners ?? policy.default.maxRunners,
    maxWaiting: rule?.maxWaiting ?? policy.default.maxWaiting,
  };
  return {
    weight: share.weight * (classRule?.weight ?? 1),
    matchedRule: rule?.pattern ?? "default",
    limits: [
      ...limitOf("repository", repository, share),
      ...limitOf("owner", owner, ownerRule),
      ...limitOf("class", classRule?.name ?? "", classRule),
    ],
  };
}

/** No flow weighs more. */
export function heaviestWeight({ default: { weight = 1 }, repositories, classes }: Policy): number {
  const ofRepositories = repositories.map((rule) => rule.weight ?? weight);
  return Math.max(weight, ...ofRepositories) * Math.max(1, ...classes.map((rule) => rule.weight ?? 1));
}

function limitOf(scope: FlowLimit["scope"], name: string, limits: Limits | undefined): FlowLimit[] {
  const { maxRunners, maxWaiting } = limits ?? {};
  if (maxRunners === undefined && maxWaiting === undefined) return [];
  return [
    {
      scope,
      name,
      ...(maxRunners !== undefined && { maxRunners }),
      ...(maxWaiting !== undefined && { maxWaiting }),
    },
  ];
}
