// What a dashboard proves of a job, and in which shape that is answered.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createMonitorClient } from "../../src/monitors/called/client.ts";
import { parseDashboard, runnersReservedFor } from "../../src/monitors/called/dashboard.ts";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import { decideTakeOutcome, takeBodyLimit } from "../../src/monitors/called/take-outcome.ts";

const json = (value: unknown) => ({ kind: "json" as const, value });
const shown = (id: number, ...names: string[]) => ({
  id,
  runner: { registration: { labels: names.map((name) => ({ name })) } },
});
const reservedFor = (uniqueId: string, runners: readonly unknown[]) => {
  const dashboard = parseDashboard({ profile_runner_counts: {}, runners });
  if (dashboard === null) throw new Error("not read");
  const { runners: found, ambiguous } = runnersReservedFor(dashboard, "ci0", uniqueId, null);
  return { ids: found.map(({ id }) => id), ambiguous };
};

it("a runner that is reserved for two jobs is evidence for neither, and is named", () => {
  const runners = [shown(1, "reserved-for:a", "Reserved-For:B", "linux"), shown(2, "reserved-for:a", "RESERVED-FOR:A")];
  expect(reservedFor("a", runners)).toEqual({ ids: ["2"], ambiguous: ["1"] });
  expect(reservedFor("b", runners)).toEqual({ ids: [], ambiguous: ["1"] });
  expect(reservedFor("c", runners)).toEqual({ ids: [], ambiguous: [] });
});

it("a label and a record that name two jobs are evidence for neither", () => {
  const recorded = (id: number, uniqueId: string, ...names: string[]) => {
    const { registration } = shown(id, ...names).runner;
    return { id, runner: { registration, reservation: { unique_id: uniqueId } } };
  };
  const both = [recorded(1, "A", "reserved-for:b"), recorded(2, "A", "reserved-for:a")];
  expect(reservedFor("a", both)).toEqual({ ids: ["2"], ambiguous: ["1"] });
  expect(reservedFor("b", both)).toEqual({ ids: [], ambiguous: ["1"] });
  expect(reservedFor("a", [recorded(3, "a"), recorded(3, "b")])).toEqual({ ids: [], ambiguous: ["3"] });
});

it("a runner that a dashboard lists twice is one runner: it proves one job, and not one for each time", () => {
  expect(reservedFor("a", [shown(1, "reserved-for:a"), shown(1, "reserved-for:a")])).toEqual({
    ids: ["1"],
    ambiguous: [],
  });
  const liar = Array.from({ length: 100 }, (_, n) => shown(7, `reserved-for:job-${n}`));
  expect(reservedFor("job-5", liar)).toEqual({ ids: [], ambiguous: ["7"] });
});

it("one runner's JSON has at most 16 KB: from a take it leaves the leg unknown, from a dashboard it is written in short", () => {
  const long = {
    ...shown(1, "reserved-for:a"),
    runner: { registration: { labels: [{ name: "reserved-for:a" }] }, x: "é".repeat(8_200) },
  };
  const asked = { runners: 1, isSingle: true };
  expect(decideTakeOutcome("ci0", 200, json([long]), asked)).toEqual({
    kind: "unknown",
    word: "unreadable",
    what: "runner_too_large",
  });
  const fits = { ...long, runner: { ...long.runner, x: "x".repeat(16_000) } };
  expect(decideTakeOutcome("ci0", 200, json([fits]), asked).kind).toBe("taken");
  const dashboard = parseDashboard({ profile_runner_counts: {}, runners: [long] });
  if (dashboard === null) throw new Error("not read");
  expect(runnersReservedFor(dashboard, "ci0", "a", "list").runners).toEqual([
    { monitor: "ci0", id: "1", body: '[{"id":"1","runner":{}}]' },
  ]);
});

it("of surplus runners three are named, so that they can be looked up, and the rest is counted", () => {
  const many = Array.from({ length: 1_000 }, (_, id) => ({ id, runner: {} }));
  const outcome = decideTakeOutcome("ci0", 200, json(many), { runners: 2, isSingle: false });
  expect(outcome).toMatchObject({ kind: "taken", unlistedRunners: 995 });
  expect(outcome.kind === "taken" && outcome.runners.map(({ id }) => id)).toEqual(["0", "1", "2", "3", "4"]);
  const exact = decideTakeOutcome("ci0", 200, json(many.slice(0, 2)), { runners: 2, isSingle: false });
  expect(exact).toMatchObject({ unlistedRunners: 0 });
  expect([1, 10, 1000].map(takeBodyLimit)).toEqual([81_920, 229_376, 1_048_576]);
});

it("a runner that evidence finds is answered in the shape that its monitor last used, else as a list; never within a gang", async () => {
  const labels = [{ name: "reserved-for:u" }];
  const one = { id: 5, runner: { registration: { labels } } };
  let takeAnswer: unknown = one;
  const server = createServer((request, response) => {
    if (request.method === "POST") return response.end(JSON.stringify(takeAnswer));
    if (request.url?.includes("dashboard")) {
      return response.end(JSON.stringify({ profile_runner_counts: {}, runners: [one] }));
    }
    return response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = { apiToken: "t", takeTimeoutMs: 20_000, pollTimeoutMs: 20_000, pollIntervalMs: 10 };
  const client = createMonitorClient({ ...settings, monitors: [{ name: "m", url }] }, nodeTransport, systemClock);
  const find = async (runnerCount: number) => {
    const after = performance.now();
    const window = { after, afterBlind: after, until: after + 20_000 };
    const evidence = await client.readEvidence("m", "u", window, runnerCount);
    return evidence.kind === "seen" ? evidence.runners.map(({ body }) => body) : [];
  };
  const take = async (answer: unknown) => {
    takeAnswer = answer;
    const ticket = { uniqueId: "u", profileKey: "linux", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 };
    const sendBy = performance.now() + 10_000;
    const notAfter = Date.now() + 10_000;
    return await client.take({ monitor: "m", ticket, runners: 1, idempotencyKey: "k", notAfter, sendBy });
  };
  const text = JSON.stringify(one);
  expect(await find(1), "never heard").toEqual([`[${text}]`]);
  expect(await take(one)).toMatchObject({ kind: "taken", runners: [{ body: text }] });
  expect(await find(1), "an object").toEqual([text]);
  expect(await take(null)).toMatchObject({ kind: "unknown" });
  expect(await find(1), "null has no shape").toEqual([text]);
  expect(await take([one])).toMatchObject({ kind: "taken", runners: [{ body: `[${text}]` }] });
  expect(await find(1), "a list").toEqual([`[${text}]`]);
  expect(await find(2), "a gang's answer is a list of its runners").toEqual([text]);
});
