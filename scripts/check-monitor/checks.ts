// What the queue asks of a monitor, check by check. They run one after the other: a monitor works
// on one request at a time. A note is something that the queue copes with, at a price.
import { setTimeout as delay } from "node:timers/promises";
import { parseJson } from "../../src/bounded-json.ts";
import { decideTakeOutcome, type TakenRunners } from "../../src/monitors/called/take-outcome.ts";
import type { Reply } from "../self-test/queue-client.ts";
import { Unexpected } from "../self-test/reply.ts";
import type { CheckMonitorCommand } from "./command-line.ts";
import type { ShownDashboard, Visit } from "./visit.ts";

export interface Finding {
  readonly outcome: "ok" | "note" | "skipped";
  readonly seen: string;
}
/** @throws Unexpected where the monitor does not keep it */
export type Check = (situation: Situation) => Promise<Finding>;

export interface Situation {
  readonly visit: Visit;
  readonly command: CheckMonitorCommand;
  /** What earlier checks found. */
  readonly found: { shown?: ShownDashboard; profile?: string; taken?: { uniqueId: string; key: string; ids: string } };
}

/** What the queue reads at most (docs/monitors.md). */
const maxDashboardBytes = 2 * 1024 * 1024;
/** The queue's own patience, by default (MONITOR_POLL_TIMEOUT). */
const pollTimeoutMs = 1_500;
const evidenceWithinMs = 40_000;
const lookAgainMs = 1_000;

const ok = (seen: string): Finding => ({ outcome: "ok", seen });
const note = (seen: string): Finding => ({ outcome: "note", seen });
const skipped = (seen: string): Finding => ({ outcome: "skipped", seen });

export const checks: Readonly<Record<string, Check>> = {
  dashboard: async ({ visit, found }) => {
    const shown = await visit.loadDashboard();
    found.shown = shown;
    const { bytes, tookMs } = shown;
    if (bytes > maxDashboardBytes)
      throw new Unexpected(`the dashboard has ${bytes} bytes: the queue reads 2 MiB at most`);
    const said = `drawn in ${Math.round(tookMs)} ms, ${bytes} bytes`;
    return tookMs > pollTimeoutMs
      ? note(`${said}: the queue waits ${pollTimeoutMs} ms unless MONITOR_POLL_TIMEOUT says more`)
      : ok(said);
  },
  profiles: async ({ command, found }) => {
    const counts = found.shown?.dashboard.counts ?? new Map();
    const profile = command.profile ?? [...counts.keys()][0];
    if (profile === undefined) throw new Unexpected("profile_runner_counts names no profile that can be read");
    const count = counts.get(profile);
    if (count === undefined)
      throw new Unexpected(`the dashboard does not show the profile ${profile}, or not as idle, healthy, target`);
    found.profile = profile;
    const names = [...counts.keys()].join(", ");
    return ok(`${names}; ${profile}: ${count.idle} idle of ${count.target}`);
  },
  barrier: async ({ visit, command }) => {
    const { status } = await visit.askBarrier(command.token);
    if (status === 404)
      return note("there is no GET /policy/override: after a lost answer the queue waits up to 30 s longer");
    if (status === 401 || status === 403) throw new Unexpected(`GET /policy/override rejects the bearer (${status})`);
    if (status >= 500) throw new Unexpected(`GET /policy/override was answered ${status}`);
    return ok(`GET /policy/override was answered ${status}`);
  },
  strangers: async ({ visit, found }) => {
    const uniqueId = visit.newUniqueId();
    const reply = await visit.take(found.profile ?? "none", uniqueId, "not-the-monitors-bearer", `${uniqueId}/1`);
    const outcome = outcomeOf(reply);
    if (outcome.kind === "taken") throw new Unexpected("a take with a wrong bearer was given a runner");
    if (reply.status !== 401 && reply.status !== 403) {
      throw new Unexpected(`a take with a wrong bearer was answered ${reply.status}, not 401 or 403`);
    }
    return ok(`a take with a wrong bearer was answered ${reply.status}`);
  },
  "unknown profile": async ({ visit, command }) => {
    const uniqueId = visit.newUniqueId();
    const reply = await visit.take("no-such-profile", uniqueId, command.token, `${uniqueId}/1`);
    const outcome = outcomeOf(reply);
    if (outcome.kind === "taken") throw new Unexpected("a take of a profile that does not exist was given a runner");
    if (reply.status === 401 || reply.status === 403)
      throw new Unexpected(`takes reject the bearer (${reply.status}): check the token`);
    if (reply.status >= 500)
      return note(`answered ${reply.status}: null or 404 would spare the queue a look for evidence`);
    return ok(`answered ${reply.status}${reply.status === 200 ? " null" : ""}`);
  },
  take: async ({ visit, command, found }) => {
    if (!command.isTaking) return skipped("without --take no runner is reserved");
    const uniqueId = visit.newUniqueId();
    const key = `${uniqueId}/1`;
    const begunAt = performance.now();
    const reply = await visit.take(found.profile ?? "", uniqueId, command.token, key);
    const outcome = outcomeOf(reply);
    if (reply.status === 200 && reply.body.trim() === "null")
      return skipped("null: no runner is idle, or GitHub refused the label");
    if (outcome.kind !== "taken") throw new Unexpected(`the take was answered ${reply.status}: ${outcome.what}`);
    found.taken = { uniqueId, key, ids: idsOf(outcome) };
    return ok(
      `runner ${found.taken.ids} as ${outcome.shape === "list" ? "a list" : "an object"} after ${seconds(performance.now() - begunAt)}`,
    );
  },
  evidence: async ({ visit, found: { taken } }) => {
    if (taken === undefined) return skipped("nothing was taken");
    const giveUpAt = performance.now() + evidenceWithinMs;
    for (;;) {
      const { dashboard } = await visit.loadDashboard();
      const runners = dashboard.runners.filter(({ reservedFor }) => reservedFor.includes(taken.uniqueId));
      if (runners.length > 1) throw new Unexpected(`${runners.length} runners are shown as reserved for one take`);
      if (runners[0] !== undefined && runners[0].id !== taken.ids) {
        throw new Unexpected(`the take answered runner ${taken.ids}, the dashboard shows ${runners[0].id} as reserved`);
      }
      if (runners.length === 1) return ok(`the dashboard shows runner ${taken.ids} as reserved for it`);
      if (performance.now() > giveUpAt) {
        throw new Unexpected(
          `no dashboard showed runner ${taken.ids} as reserved within 40 s: a lost answer could not be found again`,
        );
      }
      await delay(lookAgainMs);
    }
  },
  "same key": async ({ visit, command, found: { taken, profile = "" } }) => {
    if (taken === undefined) return skipped("nothing was taken");
    const outcome = outcomeOf(await visit.take(profile, taken.uniqueId, command.token, taken.key));
    if (outcome.kind === "taken" && idsOf(outcome) === taken.ids)
      return ok("the same Idempotency-Key got the same runner");
    return note("the same Idempotency-Key is another take here; the queue never sends one twice, but a proxy might");
  },
  "late take": async ({ visit, command, found: { taken, profile = "" } }) => {
    if (taken === undefined) return skipped("nothing was taken");
    const uniqueId = visit.newUniqueId();
    const outcome = outcomeOf(await visit.take(profile, uniqueId, command.token, `${uniqueId}/1`, Date.now() - 60_000));
    if (outcome.kind !== "taken") return ok("a take after its Take-Not-After reserved nothing");
    return note(
      "a take after its Take-Not-After was worked on: one that hung in the network may reserve a runner that nobody wants",
    );
  },
};

function outcomeOf({ status, body }: Reply) {
  return decideTakeOutcome("monitor", status, parseJson(new TextEncoder().encode(body)), {
    runners: 1,
    isSingle: true,
  });
}

function idsOf({ runners }: TakenRunners): string {
  return runners.map(({ id }) => id).join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
