// The real queue as a workflow sees it: under a public URL, which is the audience of its id tokens,
// with one simulated monitor behind it.
import { onTestFinished } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { githubToken } from "../support/github.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, type RunningService, startService } from "../support/service.ts";
import { type Answer, passOn, startQueueDouble } from "./queue-double.ts";
import { startWorkflowRun, type WorkflowRun } from "./workflow-run.ts";

export interface RealQueue {
  /** What workflows are told. */
  readonly url: string;
  readonly run: WorkflowRun;
  readonly monitor: SimulatedMonitor;
  readonly service: RunningService;
  /** What the action asked, and what it was answered. */
  readonly exchanges: readonly string[];
  /** Resolves when the step sits in a take that the queue holds. */
  readonly held: Promise<void>;
  /** Takes every runner there is. */
  occupy(): Promise<void>;
  /** As GET /jobs shows it to an operator. */
  loadJob(uniqueId: string): Promise<{ state: string; position: number | null }>;
}

export interface RealQueueOptions {
  readonly runners?: number;
  readonly takesIdTokens?: boolean;
  /** Called before a request is passed on; what it returns is answered instead. */
  readonly before?: (asked: Parameters<Answer>[0], queue: RealQueue) => Promise<Awaited<ReturnType<Answer>> | null>;
}

/** Gone when the test is over. */
export async function startRealQueue(options: RealQueueOptions = {}): Promise<RealQueue> {
  const { runners = 1, takesIdTokens = false, before } = options;
  const run = await startWorkflowRun();
  const monitor = await startMonitor({ profiles: { linux: runners } });
  const exchanges: string[] = [];
  let noteHeld = () => {};
  const held = new Promise<void>((resolve) => {
    noteHeld = resolve;
  });
  const door = await startQueueDouble(async (asked) => {
    if (Number(asked.url.searchParams.get("wait")) > 0) noteHeld();
    const answer = (await before?.(asked, queue)) ?? (await passOn(service.url, asked));
    const status = typeof answer === "string" ? answer : answer.status;
    exchanges.push(`${asked.method} ${asked.url.pathname.replace(/[0-9a-f-]{36}/, "N")} ${status}`);
    return answer;
  });
  const service = await startService({
    monitors: [monitor],
    env: {
      ALLOWED_REPOS: "servo/",
      GITHUB_API_URL: run.github.url,
      GITHUB_TOKEN: githubToken,
      OIDC_ISSUER: run.github.url,
      ...(takesIdTokens ? { OIDC_AUDIENCE: door.url } : {}),
    },
  });
  onTestFinished(() => service[Symbol.asyncDispose]());

  const queue: RealQueue = {
    url: door.url,
    run,
    monitor,
    service,
    exchanges,
    held,
    occupy: async () => {
      for (let n = 0; n < runners; n++) {
        const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: `holder-${n}` });
        await takeUntilDone(service.url, `holder-${n}`, ticket);
      }
    },
    loadJob: async (uniqueId) => {
      const headers = { authorization: `Bearer ${apiToken}` };
      const reply = await fetch(`${service.url}/jobs/${uniqueId}`, { headers });
      return (await reply.json()) as { state: string; position: number | null };
    },
  };
  return queue;
}
