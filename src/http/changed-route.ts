// POST /monitors/<name>/changed: a monitor says that its runners changed, and is asked at once
// instead of at its next turn. For monitors that want their runners used within milliseconds;
// nobody has to.
import type { Context } from "hono";
import { parseBearer } from "../auth/bearer.ts";
import type { MonitorCallerCheck } from "../auth/credentials.ts";
import { refuse, unstored } from "./problem.ts";

export interface ChangedDeps {
  readonly monitors: () => readonly string[];
  /** MONITOR_TOKENS, MONITOR_API_TOKEN: the monitors know them */
  readonly monitorCallers: MonitorCallerCheck;
  readonly noteChange: (monitor: string) => void;
}

export function createChangedRoute(deps: ChangedDeps): (c: Context) => Promise<Response> {
  return async function noteChanged(c) {
    const bearer = parseBearer(c.req.header("authorization"));
    if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
    const monitor = c.req.param("monitor") ?? "";
    if (!(await deps.monitorCallers.isKnownFor(monitor, bearer))) {
      return refuse("bearer_unknown", "This route takes the monitor's own bearer: MONITOR_TOKENS or MONITOR_API_TOKEN");
    }
    if (!deps.monitors().includes(monitor)) return refuse("monitor_unknown");
    deps.noteChange(monitor);
    return new Response(null, { status: 204, headers: unstored });
  };
}
