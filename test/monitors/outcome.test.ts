// What a monitor's reply or silence means: only runners, a connection never made and a refusal of our credentials are certain.
import { expect, it } from "vitest";
import { parseDashboard, runnersReservedFor } from "../../src/monitors/dashboard.ts";
import { backoffMs } from "../../src/monitors/poller.ts";
import { decideTakeFailure, decideTakeOutcome } from "../../src/monitors/take-outcome.ts";

const json = (value: unknown) => ({ kind: "json" as const, value });
const runner = { id: 1, runner: { x: [] } };

it("runners in any of the three shapes are taken, re-serialised, in the shape the monitor used", () => {
  const bodies = (value: unknown, isSingle: boolean) => {
    const outcome = decideTakeOutcome("ci0", 200, json(value), isSingle);
    return outcome.kind === "taken" ? outcome.runners.map(({ body }) => JSON.parse(body) as unknown) : outcome;
  };
  expect(bodies(runner, true)).toEqual([runner]);
  expect(bodies([runner], true)).toEqual([[runner]]);
  expect(bodies([runner], false)).toEqual([runner]);
  expect(bodies([runner, { ...runner, id: 2 }], false)).toHaveLength(2);
});

it("401, 403 and 404 are refusals of our configuration; every other reply is unknown", () => {
  for (const status of [401, 403, 404])
    expect(decideTakeOutcome("ci0", status, json(null), true)).toEqual({ kind: "refused", cause: "rejected" });
  const unknown = [
    decideTakeOutcome("ci0", 200, json(null), true),
    decideTakeOutcome("ci0", 500, json(runner), true),
    decideTakeOutcome("ci0", 302, json(runner), true),
    decideTakeOutcome("ci0", 200, { kind: "unreadable", why: "not JSON" }, true),
    ...[[], {}, [1], "x", { id: {} }, [runner, runner], [null], { runner: {} }].map((value) =>
      decideTakeOutcome("ci0", 200, json(value), false),
    ),
  ];
  for (const outcome of unknown) expect(outcome).toMatchObject({ kind: "unknown", hasAnswered: true });
});

it("a connection that was never made is a refusal; a reset, a time-out and anything else is unknown", () => {
  const failure = (code: string) =>
    decideTakeFailure(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) }));
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"])
    expect(failure(code)).toEqual({ kind: "refused", cause: "unreachable" });
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "ETIMEDOUT", "EPIPE"])
    expect(failure(code)).toMatchObject({ kind: "unknown", hasAnswered: false });
  expect(decideTakeFailure(new DOMException("late", "TimeoutError"))).toMatchObject({
    kind: "unknown",
    hasAnswered: false,
  });
  const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  const reset = Object.assign(new Error("x"), { code: "ECONNRESET" });
  expect(decideTakeFailure(new TypeError("f", { cause: new AggregateError([refused, refused]) }))).toMatchObject({
    kind: "refused",
  });
  expect(decideTakeFailure(new TypeError("f", { cause: new AggregateError([refused, reset]) }))).toMatchObject({
    kind: "unknown",
  });
});

it("an absurd field, runner or profile of a dashboard spoils only itself", () => {
  const label = (name: unknown) => ({ id: 1, runner: { registration: { labels: [{ name }, 7, null] } } });
  const dashboard = parseDashboard({
    profile_runner_counts: {
      good: { idle: 1, target: 2, healthy: "?" },
      bad: { idle: -1, target: 2 },
      "odd key!": { idle: 1, target: 1 },
      worse: null,
    },
    runners: [null, 5, { id: 2 }, label("reserved-for:ABC"), { ...label("reserved-for:abc"), id: "x" }, label(9)],
    future: { any: "thing" },
  });
  if (dashboard === null) throw new Error("not read");
  expect([...dashboard.counts]).toEqual([["good", { idle: 1, target: 2, healthy: 0 }]]);
  expect(runnersReservedFor(dashboard, "ci0", "aBc").map(({ id }) => id)).toEqual(["1", "x"]);
  expect(parseDashboard({ profile_runner_counts: {}, runners: "none" })?.runners).toEqual([]);
  for (const none of [null, [], "x", {}, { profile_runner_counts: [] }])
    expect(parseDashboard(none)?.counts.size ?? 0).toBe(0);
});

it("a monitor that fails is asked after a doubling back-off, at most every 30 s", () => {
  expect([0, 1, 2, 3, 10, 99].map((failures) => backoffMs(1000, failures))).toEqual([
    1000, 2000, 4000, 8000, 30_000, 30_000,
  ]);
});
