// Cloudflare's entry: requests go to the Durable Object where the queue lives, and once a minute time does its work there. docs/deploy-workers.md
// says how to get it running.
import { parseConfig } from "./config.ts";
import { comeBack } from "./http/problem.ts";
import { type Bindings, settingsOf } from "./worker/bindings.ts";

export { MonitorDoor } from "./worker/monitor-door.ts";
export { QueueHome } from "./worker/queue-home.ts";

const home = "home";
let isFine = false;

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    if (!checkSettings(env)) return leaveAsItIs(comeBack("misconfigured", 30));
    return leaveAsItIs(await env.QUEUE.getByName(home).fetch(request));
  },
  async scheduled(_event: unknown, env: Bindings): Promise<void> {
    if (checkSettings(env)) await env.QUEUE.getByName(home).sweep();
  },
};

/** Nothing on the way may compress what is empty: it would be empty no longer, and curl appends the bodies of its tries to its output file. */
function leaveAsItIs(response: Response): Response {
  if (response.headers.get("content-length") !== "0") return response;
  const headers = new Headers(response.headers);
  headers.set("content-encoding", "identity");
  return new Response(null, { status: response.status, headers });
}

/** All problems at once, in the log: a Worker cannot refuse to start. */
function checkSettings(env: Bindings): boolean {
  if (isFine) return true;
  const given = settingsOf(env);
  const parsed = parseConfig(given);
  const problems = parsed.kind === "problems" ? [...parsed.problems] : [];
  if (/^(unix:|\/)/.test(given.REDIS_URL ?? ""))
    problems.push("REDIS_URL: a Worker reaches Redis by redis:// or rediss:// only");
  isFine = problems.length === 0;
  if (!isFine) console.error(JSON.stringify({ level: "error", msg: "the settings are wrong", problems }));
  return isFine;
}
