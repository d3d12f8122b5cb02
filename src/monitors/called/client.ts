// HTTP to the monitors: takes, dashboards and the barrier. Every failure is a value; nothing here
// decides what it means for a job.

import { parseJson, readJson } from "../../bounded-json.ts";
import { type Clock, delay, limitTime } from "../../clock.ts";
import type { DashboardNews, Monitors, TakeRequest } from "../../queue/fleet/monitors.ts";
import type { Evidence } from "../../queue/job/evidence.ts";
import type { AnswerShape } from "../runner-json.ts";
import { type Dashboard, parseDashboard, runnersReservedFor } from "./dashboard.ts";
import { decideTakeOutcome, decideTakeSilence, nameOfFailure, takeBodyLimit } from "./take-outcome.ts";
import type { MonitorTransport } from "./transport.ts";

/** Room for 700 runners; a host has tens. */
const dashboardBodyLimit = 2 * 1024 * 1024;

export interface MonitorAddress {
  readonly name: string;
  readonly url: string;
}

/** What a reload may change. */
export interface MonitorDirectory {
  readonly monitors: readonly MonitorAddress[];
  readonly apiToken: string;
  /** Bearers of single monitors; of several of one name the first is sent. */
  readonly tokens?: readonly { readonly monitor: string; readonly token: string }[];
}

export interface MonitorClientSettings extends MonitorDirectory {
  readonly takeTimeoutMs: number;
  readonly pollTimeoutMs: number;
  readonly pollIntervalMs: number;
}

export type DashboardRead =
  | { readonly kind: "dashboard"; readonly dashboard: Dashboard }
  | { readonly kind: "redrawing" }
  | { readonly kind: "failed"; readonly why: string };

interface ReadBehindBarrier {
  readonly barrier: "passed" | "absent" | "failed";
  readonly dashboard: Dashboard | null;
}

export interface MonitorClient extends Monitors {
  readDashboard(monitor: string): Promise<DashboardRead>;
  /** Where a monitor is, for logs. */
  urlOf(monitor: string): string;
  /**
   * A monitor that is no longer named gets no take any more. It is asked for evidence all the same:
   * a runner may be reserved there.
   */
  replace(directory: MonitorDirectory): void;
}

/** A monitor draws its dashboard anew for some seconds after each take. */
const redrawnWithinMs = 15_000;

export function createMonitorClient(
  settings: MonitorClientSettings,
  transport: MonitorTransport,
  clock: Clock,
): MonitorClient {
  let urls = urlsOf(settings.monitors);
  let names = [...urls.keys()];
  let authorizationFor = authorizations(settings);
  /** Those that were named before the last reload. */
  let formerUrls: ReadonlyMap<string, string> = new Map();

  const urlOf = (monitor: string, path: string): string => {
    const base = urls.get(monitor) ?? formerUrls.get(monitor);
    if (base === undefined) throw new Error(`no monitor is called ${monitor}`);
    return base + path;
  };

  /**
   * How each monitor answered the last take that it answered with runners: what evidence finds is
   * answered alike.
   */
  const shapes = new Map<string, AnswerShape>();

  const take: Monitors["take"] = async (request) => {
    if (!urls.has(request.monitor)) return { kind: "refused", cause: "unreachable", what: "not in MONITORS" };
    const headers = {
      authorization: authorizationFor(request.monitor),
      "idempotency-key": request.idempotencyKey,
      "take-not-after": String(request.notAfter),
    };
    const timeoutMs = settings.takeTimeoutMs + request.runners * 1000;
    const { monitor, sendBy } = request;
    const url = urlOf(monitor, takePath(request));
    const bodyLimit = takeBodyLimit(request.runners);
    const reply = await transport.sendTake({ monitor, url, headers, sendBy, timeoutMs, bodyLimit });
    if (reply.kind !== "answered") return decideTakeSilence(reply);
    const asked = { runners: request.runners, isSingle: request.ticket.runnerCount === 1 };
    const outcome = decideTakeOutcome(monitor, reply.status, parseJson(reply.body), asked);
    if (outcome.kind === "taken") shapes.set(monitor, outcome.shape);
    return outcome;
  };

  const readDashboard = async (monitor: string): Promise<DashboardRead> => {
    const { signal, end } = limitTime(clock, settings.pollTimeoutMs);
    try {
      // nothing small may become large
      const headers = { "accept-encoding": "identity" };
      const response = await transport.fetch(monitor, urlOf(monitor, "/dashboard.json"), { headers, signal });
      if (response.status === 503) {
        await response.body?.cancel();
        return { kind: "redrawing" };
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        return { kind: "failed", why: `status ${response.status}` };
      }
      const body = await readJson(response, dashboardBodyLimit);
      if (body.kind === "unreadable") return { kind: "failed", why: body.why };
      const dashboard = parseDashboard(body.value);
      return dashboard === null ? { kind: "failed", why: "not_a_dashboard" } : { kind: "dashboard", dashboard };
    } catch (error) {
      return { kind: "failed", why: nameOfFailure(signal.aborted ? signal.reason : error) };
    } finally {
      end();
    }
  };

  /**
   * Resolves once the monitor has worked through everything that was sent to it before: GET
   * /policy/override waits for the same single thread, and what answers the second of two was begun
   * after the first was done. "absent" where the route does not exist.
   */
  const passBarrier = async (monitor: string): Promise<"passed" | "absent" | "failed"> => {
    for (let round = 0; round < 2; round++) {
      const { signal, end } = limitTime(clock, settings.takeTimeoutMs);
      try {
        const url = urlOf(monitor, "/policy/override");
        const response = await transport.fetch(monitor, url, {
          headers: { authorization: authorizationFor(monitor) },
          signal,
        });
        await response.body?.cancel();
        if (response.status === 404 || response.status === 405 || response.status === 501) return "absent";
        if (response.status !== 200) return "failed";
      } catch {
        return "failed";
      } finally {
        end();
      }
    }
    return "passed";
  };

  /**
   * A dashboard rendered after this call began, or null; whether the barrier was passed before it.
   */
  const readBehindBarrier = async (monitor: string): Promise<ReadBehindBarrier> => {
    const barrier = await passBarrier(monitor);
    if (barrier === "failed") return { barrier, dashboard: null };
    if (barrier === "absent") await delay(clock, 2 * settings.pollIntervalMs);
    const read = await readDashboard(monitor);
    return { barrier, dashboard: read.kind === "dashboard" ? read.dashboard : null };
  };

  /**
   * The read under way at each monitor: whoever needs evidence no older than its beginning shares
   * it.
   */
  const underWay = new Map<string, { readonly begunAt: number; readonly result: Promise<ReadBehindBarrier> }>();
  const readShared = (
    monitor: string,
    notBefore: number,
  ): { readonly begunAt: number; readonly result: Promise<ReadBehindBarrier> } => {
    const current = underWay.get(monitor);
    if (current !== undefined && current.begunAt >= notBefore) return current;
    const begun = { begunAt: clock.now(), result: readBehindBarrier(monitor) };
    underWay.set(monitor, begun);
    void begun.result.finally(() => {
      if (underWay.get(monitor) === begun) underWay.delete(monitor);
    });
    return begun;
  };

  const readRunners: Monitors["readRunners"] = async (monitor) => {
    if (!urls.has(monitor)) return null;
    const until = clock.now() + redrawnWithinMs;
    for (;;) {
      const read = await readDashboard(monitor);
      if (read.kind === "dashboard") return read.dashboard.runners;
      // it says "ask again"
      if (read.kind !== "redrawing" || clock.now() >= until) return null;
      await delay(clock, Math.min(settings.pollIntervalMs, 1000));
    }
  };

  const readEvidence: Monitors["readEvidence"] = async (monitor, uniqueId, window, runnerCount): Promise<Evidence> => {
    const { after, afterBlind, until } = window;
    // a monitor that this instance does not know shows it nothing: an instance that knows it goes
    // on
    if (!urls.has(monitor) && !formerUrls.has(monitor)) {
      await delay(clock, until - clock.now());
      return { kind: "none" };
    }
    await delay(clock, Math.min(after, until) - clock.now());
    for (;;) {
      const { begunAt, result } = readShared(monitor, after);
      const { barrier, dashboard } = await result;
      const counts = barrier === "passed" || begunAt >= afterBlind;
      if (dashboard !== null && counts) {
        const shape = runnerCount === 1 ? (shapes.get(monitor) ?? "list") : null;
        return { kind: "seen", ...runnersReservedFor(dashboard, monitor, uniqueId, shape) };
      }
      const now = clock.now();
      if (now >= until) return { kind: "none" };
      const isTooEarly = dashboard !== null && !counts;
      await delay(clock, isTooEarly ? Math.min(afterBlind, until) - now : Math.min(settings.pollIntervalMs, 1000));
    }
  };

  return {
    get names() {
      return names;
    },
    knows: (monitor) => urls.has(monitor),
    fetches: () => false,
    take,
    readEvidence,
    readRunners,
    readDashboard,
    urlOf: (monitor) => urls.get(monitor) ?? formerUrls.get(monitor) ?? "",
    replace: (directory) => {
      formerUrls = new Map([...formerUrls, ...urls]);
      urls = urlsOf(directory.monitors);
      names = [...urls.keys()];
      authorizationFor = authorizations(directory);
    },
  };
}

function authorizations({ apiToken, tokens = [] }: MonitorDirectory): (monitor: string) => string {
  return (monitor) => `Bearer ${tokens.find((one) => one.monitor === monitor)?.token ?? apiToken}`;
}

function urlsOf(monitors: readonly MonitorAddress[]): ReadonlyMap<string, string> {
  return new Map(monitors.map(({ name, url }) => [name, url.replace(/\/+$/, "")]));
}

/** What the stores need to know of a dashboard. */
export function newsOf(read: DashboardRead): DashboardNews {
  if (read.kind === "dashboard") return { kind: "snapshot", counts: read.dashboard.counts };
  return { kind: read.kind };
}

function takePath({ ticket, runners }: TakeRequest): string {
  const count = runners === 1 ? "" : `/${runners}`;
  const query = new URLSearchParams({
    unique_id: ticket.uniqueId,
    qualified_repo: ticket.qualifiedRepo,
    run_id: ticket.runId,
  });
  return `/profile/${ticket.profileKey}/take${count}?${query}`;
}
