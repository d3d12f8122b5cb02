// The curl lines that deployed workflow steps run, word for word, as child processes: `curl ... >
// file`. In one place, so that the demo and the tests prove the same lines. What curl makes of
// statuses and Retry-After is half of our contract.
import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { endWithUs } from "./end-with-us.ts";

const patience =
  "-sS --fail-with-body --connect-timeout 5 --max-time 30 --retry-max-time 900 --retry 900 --retry-delay 1 -X POST";

export interface JobAsked {
  readonly profile: string;
  readonly uniqueId: string;
  /** Absent: one runner, and no count in the path. */
  readonly count?: number;
  readonly repo?: string;
  readonly runId?: string;
}

export interface CurlEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  /** All that the file holds. */
  readonly text: string;
  readonly stderr: string;
}

export interface Curl {
  readonly pid: number;
  /** Rejects where curl could not be started. */
  readonly ended: Promise<CurlEnd>;
  /** As when a workflow is cancelled: the client is gone without a word. */
  stop(): void;
}

/** Also for clients that are not curl. */
export function enqueueUrl(url: string, { profile, uniqueId, count, repo, runId }: JobAsked): string {
  const query = new URLSearchParams({
    unique_id: uniqueId,
    qualified_repo: repo ?? "servo/servo",
    run_id: runId ?? "77",
  });
  const runners = count === undefined ? "" : `/${count}`;
  // The slash of owner/repo goes as it is, the way people write it.
  return `${url}/profile/${profile}/enqueue${runners}?${String(query).replaceAll("%2F", "/")}`;
}

export function takeUrl(url: string, uniqueId: string, ticket: string): string {
  return `${url}/take/${uniqueId}?token=${ticket}`;
}

export function startCurlEnqueue(url: string, job: JobAsked, bearer: string, file: string): Promise<Curl> {
  return startCurl(["-H", `Authorization: Bearer ${bearer}`, enqueueUrl(url, job)], file);
}

/**
 * @param waitSeconds how long the queue may hold each try; absent: it answers at once, as for
 * clients of before
 */
export function startCurlTake(
  url: string,
  uniqueId: string,
  ticket: string,
  file: string,
  waitSeconds?: number,
): Promise<Curl> {
  const held = waitSeconds === undefined ? "" : `&wait=${waitSeconds}`;
  return startCurl([`${takeUrl(url, uniqueId, ticket)}${held}`], file);
}

async function startCurl(args: readonly string[], file: string): Promise<Curl> {
  const output = await open(file, "w");
  const child = spawn("curl", [...patience.split(" "), ...args], {
    stdio: ["ignore", output.fd, "pipe"],
    // Ctrl-C is for whoever started us; it ends its curls itself.
    detached: true,
    env: { ...process.env, no_proxy: "127.0.0.1", NO_PROXY: "127.0.0.1" },
  });
  endWithUs(child);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  exited.catch(() => {});
  // The child has its own copy of the file by now.
  await output.close();
  return {
    pid: child.pid ?? -1,
    ended: exited.then(async (exitCode) => ({ exitCode, text: await readFile(file, "utf8"), stderr })),
    stop: () => void child.kill("SIGTERM"),
  };
}
