// What operators see and do: profiles and monitors as they stand, what happened, drains and pauses.
import type { ActRequest } from "../queue/acts.ts";
import type { Observe } from "../queue/events.ts";
import type { HistoryEntry } from "../queue/history.ts";
import { pauseOperation } from "../queue/operations/act.ts";
import { type InspectReply, overviewOperation, type ProfileOverview } from "../queue/operations/inspect.ts";
import type { HourCounts, Store } from "../queue/store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { MonitorView } from "./monitor-book.ts";
import type { RunnerAtWork } from "./runners-at-work.ts";

export interface Administration {
  /** Every profile that a job or a monitor ever named. */
  profiles(): Promise<readonly string[]>;
  /** `limit`: how many jobs are listed. Costs as much as those, however long the line is. */
  overview(profileKey: string, limit: number): Promise<ProfileOverview>;
  monitor(name: string): Promise<MonitorView>;
  /** One job, by its key; null where the store knows nothing of it. */
  job(uniqueId: string): Promise<Extract<InspectReply, { kind: "job" }> | null>;
  /** How a job stands in a line that is shared; null: places are the order. */
  explainShare: Dispatcher["explainShare"];
  /** Runners that are reserved for jobs or busy with them, as their monitors last showed them. */
  running(): Promise<readonly RunnerAtWork[]>;
  /** The last entries, newest first. */
  history(profileKey: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** What was counted in each of these hours (since 1970), by name. */
  counts(profileKey: string, hours: readonly number[]): Promise<readonly HourCounts[]>;
  /** Stops claims of a profile, or lets them go on. Kept as long as the store keeps anything. */
  pause(profileKey: string, request: ActRequest): Promise<void>;
  /** Stops takes at a monitor, or lets them go on, in all its profiles. */
  drain(monitor: string, request: ActRequest): Promise<void>;
  /** Forgets a monitor that is no part of the fleet any more: its rows, and how it stood. */
  forgetMonitor(monitor: string, request: ActRequest): Promise<"forgotten" | "unknown" | "in_use">;
  /** Forgets a profile that nobody wants and no monitor keeps, with its history. */
  forgetProfile(profileKey: string, request: ActRequest): Promise<"forgotten" | "in_use">;
  /** Resolves when the store answers and takes writes; throws StoreUnavailable. */
  ping(): Promise<void>;
}

export function createAdministration(
  store: Store,
  { runner, monitorBook, names, findProfile, inspect, explainShare, atWork }: Dispatcher,
  monitors: () => readonly string[],
  observe: Observe,
): Administration {
  return {
    profiles: names.list,
    overview: async (profileKey, limit) => await runner.run(overviewOperation(profileKey, limit)),
    monitor: monitorBook.view,
    job: async (uniqueId) => {
      const profileKey = await findProfile(uniqueId);
      const reply = profileKey === null ? null : await inspect(profileKey, uniqueId);
      return reply?.kind === "job" ? reply : null;
    },
    explainShare,
    running: async () => await atWork.read(monitors()),
    history: async (profileKey, limit) => await store.readHistory(profileKey, limit),
    counts: async (profileKey, hours) => await store.readCounts(profileKey, hours),
    pause: async (profileKey, request) => {
      await runner.run(pauseOperation(profileKey, request));
      observe({ ...request, kind: request.kind === "begin" ? "paused" : "unpaused", what: profileKey });
    },
    drain: async (monitor, request) => {
      await monitorBook.drain(monitor, request);
      observe({ ...request, kind: request.kind === "begin" ? "drained" : "resumed", what: monitor });
    },
    forgetMonitor: async (monitor, request) => {
      if (monitors().includes(monitor)) return "in_use";
      const { record } = await monitorBook.view(monitor);
      const overviews = (await names.list()).map((profileKey) => runner.run(overviewOperation(profileKey, 0)));
      const hasRow = (await Promise.all(overviews)).some(({ capacity }) => capacity.rows.has(monitor));
      if (record.begunAt === 0 && !hasRow) return "unknown";
      await monitorBook.forget(monitor);
      observe({ ...request, kind: "forgot_monitor", what: monitor });
      return "forgotten";
    },
    forgetProfile: async (profileKey, request) => {
      const { jobs, waitingJobs, capacity } = await runner.run(overviewOperation(profileKey, 1));
      const isKept = [...capacity.rows.values()].some(({ target, idle }) => target > 0 || idle > 0);
      if (jobs.length > 0 || waitingJobs > 0 || isKept) return "in_use";
      // else their next dashboards would bring it back, as one that they have nothing of
      for (const monitor of monitors()) await monitorBook.forgetProfile(monitor, profileKey);
      await store.forgetProfile(profileKey);
      observe({ ...request, kind: "forgot_profile", what: profileKey });
      return "forgotten";
    },
    ping: async () => {
      await store.ping();
    },
  };
}
