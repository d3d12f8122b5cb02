// Runs one check to its end, whatever that is: a finding, a sentence about what is wrong, a
// time-out, or an interruption. The places that it took are given up before it counts as over.
import type { Situation } from "./check.ts";
import { checks } from "./checks.ts";
import type { CheckName, SelfTestCommand } from "./command.ts";
import { createPlaces } from "./places.ts";
import { createQueueClient } from "./queue-client.ts";
import { Unexpected } from "./reply.ts";
import { createVisit } from "./visit.ts";

const replyWithinMs = 10_000;

export interface CheckEnd {
  readonly check: CheckName;
  readonly outcome: "ok" | "failed" | "skipped";
  readonly seen: string;
  readonly tookMs: number;
}

/** Never rejects. `learned` is told of every ticket. */
export async function runCheck(
  check: CheckName,
  command: SelfTestCommand,
  stopping: AbortSignal,
  learned: (ticket: string) => void,
): Promise<CheckEnd> {
  const begunAt = performance.now();
  const limit = AbortSignal.timeout(command.timeoutMs);
  const signal = AbortSignal.any([stopping, limit]);
  const queue = createQueueClient(command.queueUrl);
  const withinMs = Math.min(replyWithinMs, command.timeoutMs);
  const places = createPlaces(queue, command.token, withinMs, learned);
  const visit = createVisit(queue, places, command, withinMs, signal);
  const end = await checks[check]({ visit, command, signal } satisfies Situation).catch((error: unknown) => {
    return { outcome: "failed" as const, seen: describeFailure(error) };
  });
  const left = await places.leave();
  const tookMs = Math.round(performance.now() - begunAt);
  return left === null ? { check, ...end, tookMs } : { check, outcome: "failed", seen: `${end.seen}; ${left}`, tookMs };

  function describeFailure(error: unknown): string {
    if (error instanceof Unexpected) return error.message;
    if (stopping.aborted) return "interrupted before its end";
    if (!limit.aborted) return `the self-test itself is broken: ${error instanceof Error ? error.message : error}`;
    const waited = visit.lastWait();
    return `not done within ${command.timeoutMs / 1000} s (--timeout)${waited === "" ? "" : `: ${waited}`}`;
  }
}
