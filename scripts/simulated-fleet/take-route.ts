// POST /profile/<profile_key>/take[/<n>]: labels at once when the one thread picks it up, and
// answers only afterwards, so that every way of losing the answer leaves a labelled runner behind.
// A caller that hangs up changes nothing. Where fewer are idle than asked, those are labelled and
// answered. Asking for none, or for a profile that is unknown, gets `null`.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TakeFault, useTakeFault } from "./habits-and-faults.ts";
import { answerGarbage, answerHuge, answerJson, answerPage, answerReport, resetConnection } from "./http-answers.ts";
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

  const fault = useTakeFaultOf(state, take);
  if (fault === "resetBefore") {
    resetConnection(response);
    return;
  }
  const refusal = refusalStatus(request, take, fault, countInPath, url);
  if (refusal !== null) {
    answerPage(response, refusal);
    return;
  }

  let reserved: PooledRunner[] = [];
  const { habits } = state;
  const { takeDelayMs } = state.faults;
  state.thread.run({
    waitAtMostMs: habits.lostCallerMs,
    tooLate: () => answerReport(response, 500, notPickedUp),
    begin() {
      state.dashboard.takeBegins();
      reserved = label(state, take, fault);
      for (const runner of reserved) state.tellReserved(runner, take.uniqueId);
    },
    answerAtMostMs: habits.answerWithinMs + (countInPath === undefined ? 0 : take.count * 1000),
    tooSlow() {
      if (fault !== "hang" && fault !== "hangButLabelled") answerReport(response, 500, notAnswered);
    },
    durationMs: () => state.habits.takeMs,
    end() {
      state.dashboard.takeEnds(reserved.length > 0);
      if (response.writableEnded) return;
      const isObject = countInPath === undefined && !state.habits.answerAsList;
      const answer = () => answerTake(state, response, fault, reserved, isObject);
      if (takeDelayMs > 0) state.later(takeDelayMs, answer);
      else answer();
    },
    pauseMs: () => (reserved.length > 0 ? state.habits.redrawMs : 0),
  });
}

export const notPickedUp = "timed out waiting on send operation";
const notAnswered = "timed out waiting on receive operation";

/** A take that bears the wrong token, or none, uses no fault up. */
function useTakeFaultOf(state: MonitorState, take: TakeSeen): TakeFault {
  return take.authorization ? useTakeFault(state.faults) : "none";
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

/**
 * The status of a take that never gets as far as the one thread, or null. The bearer is looked at
 * first.
 */
function refusalStatus(
  request: IncomingMessage,
  take: TakeSeen,
  fault: TakeFault,
  countInPath: string | undefined,
  url: URL,
): 401 | 403 | 404 | 422 | null {
  if (fault === "unauthorized" || request.headers.authorization === undefined) return 401;
  if (!take.authorization) return 403;
  if (fault === "notFound") return 404;
  const isCounted = countInPath === undefined || /^\d+$/.test(countInPath);
  return isCounted && parameters.every((name) => url.searchParams.has(name)) ? null : 422;
}

const parameters = ["unique_id", "qualified_repo", "run_id"];

function label(state: MonitorState, take: TakeSeen, fault: TakeFault): PooledRunner[] {
  const { uniqueId, qualifiedRepo, runId } = take;
  const reservation = { uniqueId, qualifiedRepo, runId, since: Date.now() };
  return state.pool.reserve(take.profile, countToLabel(take.count, fault), reservation);
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
  isObject: boolean,
): void {
  const form = state.habits.reservationForm;
  const list = reserved.map((runner) => writeRunner(state.name, runner, false, form));
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
      answerReport(response, 500, notAnswered);
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
      answerJson(response, list.length === 0 ? null : isObject && list.length === 1 ? list[0] : list);
  }
}
