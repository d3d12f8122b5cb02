// Who waits leaves no trace, and no wake between a poll and its wait is lost.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import type { OperationRunner } from "../../../src/dispatch/running/operation-runner.ts";
import { createHeldTake } from "../../../src/dispatch/takes/held-take.ts";
import { createWaitingRoom } from "../../../src/dispatch/takes/waiting-room.ts";
import type { Ticket } from "../../../src/queue/job/job.ts";
import type { WaitReason } from "../../../src/queue/line/turn.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

it.each(["woken", "time_up", "gone"] as const)("who is %s leaves no timer, no listener and no entry", async (how) => {
  const changes: string[] = [];
  const room = createWaitingRoom(systemClock, (profileKey, isAwaited) => changes.push(`${profileKey} ${isAwaited}`));
  const [client, ending] = [new AbortController(), new AbortController()];
  const waiters = ["a", "a", "b"].map((id) => room.enter("p", id));
  const ends = waiters.map((waiter) => waiter.until(performance.now() + 1_000, [client.signal, ending.signal]));
  expect(getEventListeners(client.signal, "abort")).toHaveLength(3);
  if (how === "woken") room.wake("p", ["a", "b"]);
  if (how === "time_up") await vi.advanceTimersByTimeAsync(1_000);
  if (how === "gone") client.abort();
  expect(await Promise.all(ends)).toEqual([how, how, how]);
  for (const waiter of waiters) waiter.leave();
  expect(vi.getTimerCount()).toBe(0);
  for (const { signal } of [client, ending]) expect(getEventListeners(signal, "abort")).toHaveLength(0);
  expect([room.size, room.profiles()]).toEqual([0, []]);
  expect(changes).toEqual(["p true", "p false"]);
});

it("a wake before the wait counts, one from before the poll does not, and others' are not heard", async () => {
  const room = createWaitingRoom(systemClock);
  const waiter = room.enter("p", "a");
  const until = () => waiter.until(performance.now() + 50, []);
  room.wake("p", ["a"]);
  expect(await until()).toBe("woken");
  waiter.reset();
  room.wake("p", ["b"]);
  room.wake("q", null);
  const quiet = until();
  await vi.advanceTimersByTimeAsync(50);
  expect(await quiet).toBe("time_up");
  room.wake("p", null);
  expect(await until()).toBe("woken");
});

const ticket: Ticket = { uniqueId: "a", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 5 };
const waitReply = (position: number, reason: WaitReason = "no_capacity") =>
  ({ kind: "wait", reason, position, retryAfterSeconds: 1, isReadmitted: false, runnersBefore: 1 }) as const;
const runner: OperationRunner = {
  run: () => {
    throw new Error("nobody hangs up");
  },
  roomSeenAt: () => 0,
  capacity: () => null,
};

it("news that comes while the poll is under way is heard, and what is known when time is up is said", async () => {
  const room = createWaitingRoom(systemClock);
  const said: number[] = [];
  const held = createHeldTake(
    room,
    runner,
    "me",
    async (_ticket, _gone, _answerBy, { holdMs }) => {
      said.push(holdMs);
      // the first time, its turn comes while the poll is on its way back
      if (said.length === 1) room.wake("p", ["a"]);
      return waitReply(said.length);
    },
    new AbortController().signal,
    systemClock,
  );
  const reply = held.take(ticket, new AbortController().signal, performance.now() + 5_000, performance.now() + 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await reply).toEqual(waitReply(3));
  // at first, after the wake, and when the time was up
  expect(said).toEqual([1_000, 1_000, 0]);
  expect(vi.getTimerCount()).toBe(0);
});

it("who waits for evidence looks again each second though nobody wakes them: only a poll has it looked for", async () => {
  let polls = 0;
  const held = createHeldTake(
    createWaitingRoom(systemClock),
    runner,
    "me",
    async () => {
      polls += 1;
      return polls < 4 ? waitReply(1, "reconciling") : waitReply(1);
    },
    new AbortController().signal,
    systemClock,
  );
  const reply = held.take(ticket, new AbortController().signal, performance.now() + 30_000, performance.now() + 20_000);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(polls).toBe(4);
  // cleared: from now on it is woken, and asks nothing by itself
  await vi.advanceTimersByTimeAsync(16_000);
  expect(polls).toBe(4);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await reply).toEqual(waitReply(1));
  expect(vi.getTimerCount()).toBe(0);
});
