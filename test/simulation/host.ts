// A host of the simulated world: a monitor with the habits of the real one, and its runners. It is
// made of the parts that the simulated fleet is made of (scripts/simulated-fleet), on the world's
// clock and without HTTP.
import { createDrawnDashboard } from "../../scripts/simulated-fleet/drawn-dashboard.ts";
import { type Habits, realisticHabits } from "../../scripts/simulated-fleet/habits-and-faults.ts";
import { createOneThread } from "../../scripts/simulated-fleet/one-thread.ts";
import { writeDashboard, writeRunner } from "../../scripts/simulated-fleet/runner-json.ts";
import { createRunnerPool, type RunnerChange, type RunnerPool } from "../../scripts/simulated-fleet/runner-pool.ts";
import type { Clock } from "../../src/clock.ts";
import type { Chance } from "./chance.ts";
import type { FaultTally } from "./fault-tally.ts";

export interface HostOptions {
  readonly name: string;
  /** profile key to how many runners it keeps */
  readonly profiles: Readonly<Record<string, number>>;
  readonly habits: Partial<Habits>;
}

/** How often what goes wrong there, 0 to 1. */
export interface Mood {
  readonly refusedTakes: number;
  readonly unsaidTakes: number;
  readonly slowTakes: number;
  readonly failedDashboards: number;
}
export const goodMood: Mood = { refusedTakes: 0, unsaidTakes: 0, slowTakes: 0, failedDashboards: 0 };

/** Null: the connection broke off. */
export type HostReply = { readonly status: number; readonly body: string } | null;

export interface Host {
  readonly name: string;
  mood: Mood;
  readonly isDown: boolean;
  /** Its process ends; it is back after so long. */
  goDown(forMs: number): void;
  readonly pool: RunnerPool;
  readonly profiles: readonly string[];
  /** Serves one request. `reply` is called once, or never. */
  serve(method: string, path: string, reply: (given: HostReply) => void): void;
}

export interface HostWitness {
  readonly tally: FaultTally;
  readonly changed: (host: string, change: RunnerChange, runner: number, uniqueId: string | null) => void;
  readonly note: (about: string | null, line: () => string) => void;
}

const takePath = /^\/profile\/([^/]+)\/take(?:\/(\d+))?$/;
const nothing: HostReply = { status: 200, body: "null" };
const brokenReport = { status: 500, body: "something broke" };
const garbage = { status: 200, body: "<html>this is not what you asked for</html>" };

export function createHost(
  { name, profiles, habits: given }: HostOptions,
  clock: Clock,
  chance: Chance,
  witness: HostWitness,
): Host {
  const habits: Habits = { ...realisticHabits, startsAfterMs: null, ...given };
  const { tally, note } = witness;
  const pool = createRunnerPool(
    () => habits,
    (change, { id, reservedFor }) => witness.changed(name, change, id, reservedFor),
    clock,
    () => `uuid-${name}-${chance.whole(0, 1e9)}`,
  );
  const draw = () => writeDashboard(name, pool, habits.reservationForm);
  const dashboard = createDrawnDashboard(clock, () => habits, draw);
  const thread = createOneThread(clock, () => goDown(habits.restartMs));
  /** the last one that was written, for many look at it */
  let written: { readonly shown: unknown; readonly body: string } | null = null;
  for (const [profile, target] of Object.entries(profiles)) pool.setTarget(profile, target);

  /** Its process ends, and starts anew after so long; runners live elsewhere. */
  function goDown(forMs: number): void {
    if (host.isDown) return;
    note(null, () => `${name} goes down for ${Math.round(forMs)} ms`);
    host.isDown = true;
    thread.startAnew(forMs + habits.redrawMs);
    clock.after(forMs, () => {
      dashboard.throwAway();
      host.isDown = false;
    });
  }
  const serveDashboard = (reply: (given: HostReply) => void): void => {
    if (chance.happens(host.mood.failedDashboards)) {
      tally.bit("dashboard_failed");
      const way = chance.pick(["hang", "error", "garbage", "reset"]);
      if (way !== "hang") reply(way === "error" ? brokenReport : way === "garbage" ? garbage : null);
      return;
    }
    const shown = dashboard.show();
    if (shown === null) return reply({ status: 503, body: "not drawn" });
    if (written?.shown !== shown) written = { shown, body: JSON.stringify(shown) };
    reply({ status: 200, body: written.body });
  };
  const serveTake = (profile: string, count: string | undefined, asked: URLSearchParams, reply: Reply): void => {
    const uniqueId = asked.get("unique_id") ?? "";
    const reservation = {
      uniqueId,
      qualifiedRepo: asked.get("qualified_repo") ?? "",
      runId: asked.get("run_id") ?? "",
    };
    const isRefused = chance.happens(host.mood.refusedTakes);
    const isUnsaid = !isRefused && chance.happens(host.mood.unsaidTakes);
    const isSlow = chance.happens(host.mood.slowTakes);
    let hasReplied = false;
    const replyOnce: Reply = (given) => {
      if (!hasReplied) reply(given);
      hasReplied = true;
    };
    let labelled: ReturnType<RunnerPool["reserve"]> = [];
    const label = () => pool.reserve(profile, Number(count ?? 1), { ...reservation, since: clock.date() });
    thread.run({
      waitAtMostMs: habits.lostCallerMs,
      tooLate: () => {
        note(uniqueId, () => `${name} never picks the take up`);
        replyOnce(brokenReport);
      },
      begin: () => {
        dashboard.takeBegins();
        const hasIdle = pool.runners().some((runner) => runner.profile === profile && runner.state === "idle");
        if (isRefused && hasIdle) tally.bit("take_refused");
        labelled = isRefused ? [] : label();
        note(
          uniqueId,
          () => `${name} picks the take up and labels ${labelled.map(({ id }) => id).join(" ") || "none"}`,
        );
      },
      answerAtMostMs: habits.answerWithinMs + (count === undefined ? 0 : Number(count) * 1000),
      tooSlow: () => {
        tally.bit("monitor_slow");
        replyOnce(brokenReport);
      },
      durationMs: () => (isSlow ? chance.between(10_500, 14_000) : chance.between(0.5, 1.5) * habits.takeMs),
      end: () => {
        dashboard.takeEnds(labelled.length > 0);
        if (isUnsaid && labelled.length > 0) {
          tally.bit("take_labelled_unsaid");
          return replyOnce(chance.pick([nothing, brokenReport, garbage, null]));
        }
        if (isRefused) return replyOnce(chance.pick([nothing, nothing, brokenReport]));
        const list = labelled.map((runner) => writeRunner(name, runner, false, habits.reservationForm));
        const isObject = count === undefined && !habits.answerAsList && list.length === 1;
        replyOnce({ status: 200, body: JSON.stringify(list.length === 0 ? null : isObject ? list[0] : list) });
      },
      pauseMs: () => (labelled.length > 0 ? habits.redrawMs : 0),
    });
  };
  const serveOverride = (reply: Reply): void => {
    if (!habits.overrideRoute) return reply({ status: 404, body: "" });
    thread.run({
      waitAtMostMs: habits.lostCallerMs,
      tooLate: () => reply(brokenReport),
      begin: () => {},
      answerAtMostMs: habits.answerWithinMs,
      tooSlow: () => {},
      durationMs: () => 0,
      end: () => reply(nothing),
      pauseMs: () => 0,
    });
  };
  const host = {
    name,
    goDown,
    mood: goodMood,
    isDown: false,
    pool,
    profiles: Object.keys(profiles),
    serve: (method: string, path: string, reply: Reply): void => {
      if (host.isDown) return reply(null);
      const at = path.indexOf("?");
      const route = at < 0 ? path : path.slice(0, at);
      const [, profile, count] = takePath.exec(route) ?? [];
      if (method === "POST" && profile !== undefined) {
        serveTake(profile, count, new URLSearchParams(path.slice(at + 1)), reply);
      } else if (route === "/dashboard.json") serveDashboard(reply);
      else if (route === "/policy/override") serveOverride(reply);
      else reply({ status: 404, body: "" });
    },
  };
  return host;
}

type Reply = (given: HostReply) => void;
