// What operators see and do: profiles and monitors as they stand, what happened, drains and pauses.
import type { ActRequest } from "../queue/acts.ts";
import type { Observe } from "../queue/events.ts";
import type { HistoryEntry } from "../queue/history.ts";
import { pauseOperation } from "../queue/operations/act.ts";
import { type InspectReply, overviewOperation, type ProfileOverview } from "../queue/operations/inspect.ts";
import type { Store } from "../queue/store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { MonitorView } from "./monitor-book.ts";

export interface Administration {
  /** Every profile that a job or a monitor ever named. */
  profiles(): Promise<readonly string[]>;
  /** `limit`: how many jobs are listed. Costs as much as those, however long the line is. */
  overview(profileKey: string, limit: number): Promise<ProfileOverview>;
  monitor(name: string): Promise<MonitorView>;
  /** One job, by its key; null where the store knows nothing of it. */
  job(uniqueId: string): Promise<Extract<InspectReply, { kind: "job" }> | null>;
  /** The last entries, newest first. */
  history(profileKey: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** Stops claims of a profile, or lets them go on. Kept as long as the store keeps anything. */
  pause(profileKey: string, request: ActRequest): Promise<void>;
  /** Stops takes at a monitor, or lets them go on, in all its profiles. */
  drain(monitor: string, request: ActRequest): Promise<void>;
  /** Forgets a monitor that is no part of the fleet any more. */
  forget(monitor: string): Promise<void>;
  /** Resolves when the store answers and takes writes; throws StoreUnavailable. */
  ping(): Promise<void>;
}

export function createAdministration(
  store: Store,
  { runner, monitorBook, names, findProfile, inspect }: Dispatcher,
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
    history: async (profileKey, limit) => await store.readHistory(profileKey, limit),
    pause: async (profileKey, request) => {
      await runner.run(pauseOperation(profileKey, request));
      observe({ ...request, kind: request.kind === "begin" ? "paused" : "unpaused", what: profileKey });
    },
    drain: async (monitor, request) => {
      await monitorBook.drain(monitor, request);
      observe({ ...request, kind: request.kind === "begin" ? "drained" : "resumed", what: monitor });
    },
    forget: async (monitor) => {
      await monitorBook.forget(monitor);
      observe({ kind: "monitor_forgotten", monitor });
    },
    ping: async () => {
      await store.ping();
    },
  };
}
