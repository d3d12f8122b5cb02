// POST /profile/<profile_key>/take[/<n>]: labels at once when the one thread picks it up, and answers only afterwards, so
// that every way of losing the answer leaves a labelled runner behind. A caller that hangs up changes nothing.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TakeFault, useTakeFault } from "./habits-and-faults.ts";
import { answerGarbage, answerHuge, answerJson, answerText, resetConnection } from "./http-answers.ts";
import type { MonitorState, TakeSeen } from "./monitor-state.ts";
import { writeRunner } from "./runner-json.ts";
import type { PooledRunner } from "./runner-pool.ts";

/** `countInPath`: the `<n>` of the path as it stands there, absent for one runner. */
export function takeRoute(
  state: MonitorState,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  profile: string,
  countInPath: string | undefined,
): void {
  const take = readTake(state, request, url, profile, countInPath);
  state.takes.push(take);
  countAsConcurrent(state, response);
  state.tellTake(take);

  const fault = take.authorization ? useTakeFault(state.faults) : "unauthorized";
  if (fault === "resetBefore") {
    resetConnection(response);
    return;
  }
  const refusal = refusalStatus(state, take, fault);
  if (refusal !== null) {
    answerText(response, refusal, "");
    return;
  }

  let reserved: PooledRunner[] = [];
  const { takeDelayMs } = state.faults;
  state.thread.run({
    waitAtMostMs: state.habits.lostCallerMs,
    durationMs: () => state.habits.takeMs,
    begin() {
      state.dashboard.takeBegins();
      reserved = label(state, take, fault);
      for (const runner of reserved) state.tellReserved(runner, take.uniqueId);
    },
    end() {
      state.dashboard.takeEnds();
      const asObject = countInPath === undefined && !state.habits.answerAsList;
      const answer = () => answerTake(state, response, fault, reserved, asObject);
      if (takeDelayMs > 0) state.later(takeDelayMs, answer);
      else answer();
    },
    tooLate: () => answerText(response, 503, "Channel error: timed out waiting on send operation"),
  });
}

function readTake(
  state: MonitorState,
  request: IncomingMessage,
  url: URL,
  profile: string,
  countInPath: string | undefined,
): TakeSeen {
  const notAfter = request.headers["take-not-after"];
  const key = request.headers["idempotency-key"];
  return {
    at: Date.now(),
    profile,
    count: countInPath === undefined ? 1 : Number(countInPath),
    uniqueId: url.searchParams.get("unique_id") ?? "",
    qualifiedRepo: url.searchParams.get("qualified_repo") ?? "",
    runId: url.searchParams.get("run_id") ?? "",
    idempotencyKey: typeof key === "string" ? key : null,
    takeNotAfter: typeof notAfter === "string" ? Number(notAfter) : null,
    authorization: request.headers.authorization === `Bearer ${state.token}`,
  };
}

/** From its receipt until it is answered, or its connection is gone. */
function countAsConcurrent(state: MonitorState, response: ServerResponse): void {
  state.concurrentTakes += 1;
  state.maxConcurrentTakes = Math.max(state.maxConcurrentTakes, state.concurrentTakes);
  response.once("close", () => {
    state.concurrentTakes -= 1;
  });
}

/** The status of a take that never gets as far as the one thread, or null. */
function refusalStatus(state: MonitorState, take: TakeSeen, fault: TakeFault): number | null {
  if (fault === "unauthorized") return 401;
  if (fault === "notFound" || !state.pool.profiles().has(take.profile)) return 404;
  return Number.isInteger(take.count) && take.count >= 1 && take.uniqueId !== "" ? null : 422;
}

/** All of what was asked for or nothing: fewer idle runners than asked are left alone. */
function label(state: MonitorState, take: TakeSeen, fault: TakeFault): PooledRunner[] {
  const count = countToLabel(take.count, fault);
  if (state.pool.idleCount(take.profile) < Math.min(count, take.count)) return [];
  const { uniqueId, qualifiedRepo, runId } = take;
  return state.pool.reserve(take.profile, count, { uniqueId, qualifiedRepo, runId, since: Date.now() });
}

function countToLabel(asked: number, fault: TakeFault): number {
  switch (fault) {
    case "refuseNull":
    case "hang":
    case "error500":
    case "garbage":
    case "resetBefore":
    case "unauthorized":
    case "notFound":
      return 0;
    case "tooFew":
      return asked - 1;
    case "tooMany":
      return asked + 1;
    default:
      return asked;
  }
}

function answerTake(
  state: MonitorState,
  response: ServerResponse,
  fault: TakeFault,
  reserved: readonly PooledRunner[],
  asObject: boolean,
): void {
  const list = reserved.map((runner) => writeRunner(state.name, runner, false));
  switch (fault) {
    case "hang":
    case "hangButLabelled":
      break;
    case "resetBefore":
    case "resetAfterLabel":
      resetConnection(response);
      break;
    case "error500":
    case "error500Labelled":
      answerText(response, 500, "Channel error: timed out waiting on receive operation");
      break;
    case "garbage":
    case "garbageLabelled":
      answerGarbage(response);
      break;
    case "refuseNull":
    case "nullButLabelled":
      answerJson(response, null);
      break;
    case "hugeBody":
      answerHuge(response, list[0] ?? { id: null });
      break;
    case "wrongShape":
      answerJson(response, { runner_id: String(list[0]?.id), runner: "yes", ok: true });
      break;
    case "tooFew":
      answerJson(response, list);
      break;
    default:
      answerJson(response, list.length === 0 ? null : asObject && list.length === 1 ? list[0] : list);
  }
}
