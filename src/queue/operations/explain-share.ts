// Explain: how a job stands in a line that is shared: who is ahead of it, flow by flow, where plain
// order of enqueue would put it, and how many of each other flow may still pass it.
import { type Job, neededRunners } from "../job/job.ts";
import { entryOf, type ListName, orderOf } from "../line/line.ts";
import { countMayPass, flowOf } from "../line/shares.ts";
import { findFlowRules, heaviestWeight } from "../policy/flow-rules.ts";
import type { Policy } from "../policy/policy.ts";
import type { Operation } from "../profile.ts";

export interface Flow {
  readonly repository: string;
  readonly className: string | null;
  readonly weight: number;
  /** the pattern of the policy that says the weight */
  readonly rule: string;
}

export interface FlowAhead {
  /** null: jobs that were not told apart, for the line is long */
  readonly flow: Flow | null;
  readonly jobs: number;
  readonly runners: number;
}

export interface ShareStanding {
  readonly flow: Flow;
  readonly ahead: readonly FlowAhead[];
  readonly position: number | null;
  readonly fifoPosition: number | null;
  /** of each flow that is in line or was just now: jobs of one runner that may still pass it */
  readonly mayPass: readonly { readonly flow: Flow; readonly jobs: number }[];
  /** the same of any one flow that is not in line yet: as of the heaviest that the policy knows */
  readonly mayPassOfNewcomer: number;
}

/** Jobs of each list that are looked at. */
const maxListed = 1_000;

/**
 * Null: the job is unknown, or its place is its order.
 * @param order of the job, as it was found
 */
export function explainShareOperation(
  profileKey: string,
  uniqueId: string,
  order: string,
): Operation<ShareStanding | null> {
  return {
    name: "explain",
    profileKey,
    reads: { jobs: [{ uniqueId, order }], listed: maxListed, flows: true },
    decide: ({ job: read, listed, head, policy, lostAt, capacity, now }) => {
      const { job, ahead: present, asideAhead } = read(uniqueId);
      if (job === null || policy === undefined || job.share === undefined) return { answer: null };
      const { servable } = capacity.totals(now);
      // who stands aside for a limit stands behind those aside who came before, as a poll says it
      const lists: readonly (ListName | undefined)[] = job.limit === undefined ? ["line"] : ["line", "aside"];
      const ahead = job.limit === undefined ? present : [...present, ...asideAhead];
      const inLine = listed.filter((one) => one.uniqueId !== uniqueId && lists.includes(entryOf(one, lostAt)?.list));
      const before = inLine.filter((one) => orderOf(one) < orderOf(job) && neededRunners(one) <= servable);
      const told = sumByFlow(policy, before);
      const counted = ahead.filter(({ need }) => need <= servable);
      const jobs = counted.reduce((sum, one) => sum + one.jobs, 0) - before.length;
      const runners =
        counted.reduce((sum, one) => sum + one.jobs * one.need, 0) -
        before.reduce((sum, one) => sum + neededRunners(one), 0);
      const isWaiting = job.state === "queued";
      const others = new Map(
        inLine.filter((one) => flowOf(one) !== flowOf(job)).map((one) => [flowOf(one), flowRulesOf(policy, one)]),
      );
      const { share } = job;
      const mayPass = [...others].flatMap(([name, flow]) => {
        const count = countMayPass(head, share, name, flow.weight);
        return count > 0 ? [{ flow, jobs: count }] : [];
      });
      const isPassable = isWaiting && job.expeditedAt === undefined;
      return {
        answer: {
          flow: flowRulesOf(policy, job),
          ahead: !isWaiting ? [] : jobs > 0 ? [...told, { flow: null, jobs, runners }] : told,
          position: isWaiting ? before.length + Math.max(0, jobs) + 1 : null,
          fifoPosition: isWaiting ? inLine.filter((one) => one.place < job.place).length + 1 : null,
          mayPass: isPassable ? mayPass : [],
          mayPassOfNewcomer: isPassable ? countMayPass(head, share, null, heaviestWeight(policy)) : 0,
        },
      };
    },
  };
}

function flowRulesOf(policy: Policy, { qualifiedRepo, className }: Pick<Job, "qualifiedRepo" | "className">): Flow {
  const { weight, matchedRule } = findFlowRules(policy, qualifiedRepo, className);
  return { repository: qualifiedRepo, className: className ?? null, weight, rule: matchedRule };
}

function sumByFlow(policy: Policy, jobs: readonly Job[]): FlowAhead[] {
  const flows = new Map<string, FlowAhead>();
  for (const job of jobs) {
    const known = flows.get(flowOf(job)) ?? { flow: flowRulesOf(policy, job), jobs: 0, runners: 0 };
    flows.set(flowOf(job), { ...known, jobs: known.jobs + 1, runners: known.runners + neededRunners(job) });
  }
  return [...flows.values()];
}
