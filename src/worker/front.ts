// What stands before the Durable Object: settings are checked, requests go through, and whatever
// befalls the object, nobody gets an answer that curl would take for one.
import { parseConfig } from "../config.ts";
import { comeBack } from "../http/problem.ts";
import { type Bindings, settingsOf } from "./bindings.ts";

const home = "home";

export interface Front {
  fetch(request: Request, env: Pick<Bindings, "QUEUE">): Promise<Response>;
  scheduled(event: unknown, env: Pick<Bindings, "QUEUE">): Promise<void>;
}

/** @param log where it is told what is wrong, as a line */
export function createFront(log: (line: string) => void): Front {
  let isFine = false;
  /** All problems at once, in the log: a Worker cannot refuse to start. */
  const checkSettings = (env: object): boolean => {
    if (isFine) return true;
    const given = settingsOf(env);
    const parsed = parseConfig(given);
    const problems = parsed.kind === "problems" ? [...parsed.problems] : [];
    if (/^(unix:|\/)/.test(given.REDIS_URL ?? "")) {
      problems.push("REDIS_URL: a Worker reaches Redis by redis:// or rediss:// only");
    }
    isFine = problems.length === 0;
    // Once per isolate, as at a start: there is no other moment at which a Worker could say it.
    const advice = parsed.kind === "config" && isFine ? parsed.advice : [];
    for (const words of advice) log(JSON.stringify({ level: "warn", msg: words }));
    if (!isFine) log(JSON.stringify({ level: "error", msg: "the settings are wrong", problems }));
    return isFine;
  };
  return {
    fetch: async (request, env) => {
      if (!checkSettings(env)) return leaveAsItIs(comeBack("misconfigured", 30));
      try {
        return leaveAsItIs(await env.QUEUE.getByName(home).fetch(request));
      } catch (error) {
        // It was put away, moved, or replaced by a new version in the middle of the request: the
        // next one finds it again.
        const { name } = error as { name?: unknown };
        log(JSON.stringify({ level: "warn", msg: "the object went away", error: String(name ?? "error") }));
        return leaveAsItIs(comeBack("restarting", 1));
      }
    },
    scheduled: async (_event, env) => {
      if (checkSettings(env)) await env.QUEUE.getByName(home).sweep();
    },
  };
}

/**
 * Nothing on the way may compress what is empty: it would be empty no longer, and curl appends the
 * bodies of its tries to its output file.
 */
function leaveAsItIs(response: Response): Response {
  if (response.headers.get("content-length") !== "0") return response;
  const headers = new Headers(response.headers);
  headers.set("content-encoding", "identity");
  return new Response(null, { status: response.status, headers });
}
