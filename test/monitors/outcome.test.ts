// What a monitor's reply or silence means: only runners, a connection never made and a refusal of
// our credentials are certain.
import { expect, it } from "vitest";
import { parseDashboard, runnersReservedFor } from "../../src/monitors/called/dashboard.ts";
import { backoffMs } from "../../src/monitors/called/poller.ts";
import { decideTakeOutcome, decideTakeSilence } from "../../src/monitors/called/take-outcome.ts";

const json = (value: unknown) => ({ kind: "json" as const, value });
const runner = { id: 1, runner: { x: [] } };
const one = { runners: 1, isSingle: true };
const two = { runners: 2, isSingle: false };

it("runners in any of the three shapes are taken, re-serialised, in the shape the monitor used", () => {
  const bodies = (value: unknown, asked = one) => {
    const outcome = decideTakeOutcome("ci0", 200, json(value), asked);
    return outcome.kind === "taken" ? outcome.runners.map(({ body }) => JSON.parse(body) as unknown) : outcome;
  };
  expect(bodies(runner)).toEqual([runner]);
  expect(bodies([runner])).toEqual([[runner]]);
  expect(bodies([runner], two)).toEqual([runner]);
  expect(bodies([runner, { ...runner, id: 2 }], two)).toHaveLength(2);
});

it("401, 403 and 404 are refusals of our configuration; every other reply is unknown", () => {
  for (const status of [401, 403, 404])
    expect(decideTakeOutcome("ci0", status, json(null), one)).toEqual({
      kind: "refused",
      cause: "rejected",
      what: `status ${status}`,
    });
  const unknown = [
    decideTakeOutcome("ci0", 200, json(null), one),
    decideTakeOutcome("ci0", 500, json(runner), one),
    decideTakeOutcome("ci0", 302, json(runner), one),
    decideTakeOutcome("ci0", 200, { kind: "unreadable", why: "not_json" }, one),
    ...[[], {}, [1], "x", { id: {} }, [runner, runner], [null], { runner: {} }].map((value) =>
      decideTakeOutcome("ci0", 200, json(value), two),
    ),
  ];
  for (const outcome of unknown) expect(outcome).toMatchObject({ kind: "unknown" });
});

it("what is nested too deeply to be written, or has an id that is no text, is unknown and breaks nothing", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown;
  const odd = [
    { id: 1, runner: { deep } },
    { id: "\ud800", runner: {} },
    { id: "a b", runner: {} },
    { id: 1.5, runner: {} },
  ];
  for (const value of odd) expect(decideTakeOutcome("ci0", 200, json(value), one)).toMatchObject({ kind: "unknown" });
  const registration = { labels: [{ name: "reserved-for:a" }] };
  const dashboard = parseDashboard({ profile_runner_counts: {}, runners: [{ id: 7, runner: { registration, deep } }] });
  if (dashboard === null) throw new Error("not read");
  expect(runnersReservedFor(dashboard, "ci0", "a", null)).toEqual({
    runners: [{ monitor: "ci0", id: "7", body: '{"id":"7","runner":{}}' }],
    ambiguous: [],
  });
});

it("a dashboard beyond all measure is refused as a whole, so that its monitor backs off", () => {
  expect(parseDashboard({ profile_runner_counts: {}, runners: Array(10_001).fill(0) })).toBeNull();
  const profiles = Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`p${n}`, { idle: 0, target: 0 }]));
  expect(parseDashboard({ profile_runner_counts: profiles, runners: [] })).toBeNull();
  const registration = { labels: [{ name: "reserved-for:a" }] };
  const all = Array.from({ length: 5_000 }, (_, id) => ({ id, runner: { registration } }));
  const dashboard = parseDashboard({ profile_runner_counts: {}, runners: all });
  expect(dashboard === null ? 0 : runnersReservedFor(dashboard, "ci0", "a", null).runners).toHaveLength(1_000);
});

it("what this machine could not send is nobody's refusal", () => {
  const error = Object.assign(new Error("x"), { code: "EMFILE" });
  expect(decideTakeSilence({ kind: "unsent", error })).toEqual({ kind: "unsent", what: "EMFILE" });
});

it("what never left is a refusal; a reset, a time-out and anything else after sending is silence", () => {
  const reset = new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNRESET" }) });
  expect(decideTakeSilence({ kind: "unsent", error: reset })).toEqual({
    kind: "refused",
    cause: "unreachable",
    what: "ECONNRESET",
  });
  const silent = decideTakeSilence({ kind: "silent", error: reset, sinceSentMs: 7 });
  expect(silent).toEqual({ kind: "silent", word: "connection_lost", what: "ECONNRESET", sinceSentMs: 7 });
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
  expect(runnersReservedFor(dashboard, "ci0", "aBc", null).runners.map(({ id }) => id)).toEqual(["1", "x"]);
  expect(parseDashboard({ profile_runner_counts: {}, runners: "none" })?.runners).toEqual([]);
  for (const none of [null, [], "x", {}, { profile_runner_counts: [] }]) expect(parseDashboard(none)).toBeNull();
});

it("a reservation is evidence as a label and as a record of its own, without regard to case, and counts once", () => {
  const entry = (id: number, names: string[], reservation?: unknown) => ({
    id,
    runner: { registration: { labels: names.map((name) => ({ name })) }, reservation },
  });
  const record = { reserved_since: 1, unique_id: "ABC", run_url: "o/r/actions/runs/1" };
  const dashboard = parseDashboard({
    profile_runner_counts: {},
    runners: [
      entry(1, ["self-hosted", "reserved-for:abc"]),
      entry(2, ["self-hosted"], record),
      entry(3, ["reserved-for:aBC"], record),
      entry(4, ["self-hosted"], null),
      ...[7, "abc", [], {}, { unique_id: 7 }, { unique_id: null }].map((absurd, n) => entry(5 + n, [], absurd)),
      // Neither form speaks of a runner that GitHub does not know any more.
      { id: 20, runner: { registration: null, reservation: record } },
    ],
  });
  if (dashboard === null) throw new Error("not read");
  const found = (uniqueId: string) => runnersReservedFor(dashboard, "ci0", uniqueId, null).runners.map(({ id }) => id);
  expect(found("abC")).toEqual(["1", "2", "3"]);
  expect(found("")).toEqual([]);
});

it("an absurd record of a reservation does not spoil the label beside it", () => {
  const registration = { labels: [{ name: "reserved-for:abc" }] };
  const runners = [{ id: 1, runner: { registration, reservation: { unique_id: 7 } } }];
  const dashboard = parseDashboard({ profile_runner_counts: {}, runners });
  expect(dashboard && runnersReservedFor(dashboard, "ci0", "abc", null).runners).toHaveLength(1);
});

it("a monitor that fails is asked after a doubling back-off, at most every 30 s", () => {
  expect([0, 1, 2, 3, 10, 99].map((failures) => backoffMs(1000, failures))).toEqual([
    1000, 2000, 4000, 8000, 30_000, 30_000,
  ]);
});
