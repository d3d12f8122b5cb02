// Whatever a monitor or GitHub sends: it is read or refused, never thrown at us, and what was read
// keeps to its bounds. Replies that were honest before something happened to them; `npm run
// test:fuzz` tries 200,000 of each.
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseJson } from "../../src/bounded-json.ts";
import { parseWorkflowJobEvent } from "../../src/github/webhook.ts";
import { parseDashboard, runnersReservedFor } from "../../src/monitors/called/dashboard.ts";
import { decideTakeOutcome } from "../../src/monitors/called/take-outcome.ts";
import { fuzzCases, fuzzedJson } from "../support/fuzzed-json.ts";

const numRuns = fuzzCases(3_000);
const timeout = 60_000 + 5 * numRuns;

const label = (name: string) => ({ id: 1, name, type: "custom" });
const runner = (id: unknown, ...labels: string[]) => ({
  id,
  runner: {
    created_time: "2026-11-21T09:00:00Z",
    registration: {
      id: 7,
      name: `ci-runner-linux.${String(id)}@ci0`,
      status: "online",
      busy: false,
      labels: labels.map(label),
    },
    guest_name: "ci-runner-linux.1",
  },
});
const dashboards = [
  {
    profile_runner_counts: {
      linux: { idle: 1, target: 2, healthy: 2, reserved: 1 },
      macos: { idle: 0, target: 0, healthy: 0 },
    },
    runners: [runner(1, "self-hosted", "X64", "reserved-for:job"), runner(2, "self-hosted")],
  },
  {
    profile_runner_counts: {},
    runners: [{ id: "9", runner: { registration: null, reservation: { unique_id: "job" } } }],
  },
];

it("dashboards: counts and names keep to their bounds, and evidence is of runners that are shown", { timeout }, () => {
  let [read, found] = [0, 0];
  const property = fc.property(fuzzedJson(dashboards), (bytes) => {
    const json = parseJson(bytes);
    const dashboard = json.kind === "json" ? parseDashboard(json.value) : null;
    if (dashboard === null) return;
    read += 1;
    for (const [key, counts] of dashboard.counts) {
      expect(key).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      for (const count of Object.values(counts))
        expect(Number.isInteger(count) && count >= 0 && count <= 100_000).toBe(true);
    }
    const ids = dashboard.runners.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const reserved = runnersReservedFor(dashboard, "ci0", "job", "list");
    for (const { id, body } of reserved.runners) {
      found += 1;
      expect(ids).toContain(id);
      expect(body.length).toBeLessThan(20_000);
    }
  });
  fc.assert(property, { numRuns });
  // both kinds must occur for this to say anything
  expect(read).toBeGreaterThan(numRuns / 20);
  expect(found).toBeGreaterThan(numRuns / 50);
});

const takes = [null, runner(1, "reserved-for:job"), [runner(1, "a")], [runner("x1"), runner(2), runner(3)]];

it("answers to a take: what counts as taken is JSON of our own writing, within its bounds, each runner once", {
  timeout,
}, () => {
  let taken = 0;
  const statuses = fc.constantFrom(200, 200, 200, 201, 204, 400, 403, 409, 422, 500, 503);
  const property = fc.property(
    fuzzedJson(takes),
    statuses,
    fc.integer({ min: 1, max: 3 }),
    (bytes, status, runners) => {
      const outcome = decideTakeOutcome("ci0", status, parseJson(bytes), { runners, isSingle: runners === 1 });
      if (outcome.kind !== "taken") return;
      taken += 1;
      expect(status).toBe(200);
      expect(new Set(outcome.runners.map(({ id }) => id)).size).toBe(outcome.runners.length);
      for (const { body } of outcome.runners) {
        expect(body.length).toBeLessThan(20_000);
        JSON.parse(body);
      }
    },
  );
  fc.assert(property, { numRuns });
  expect(taken).toBeGreaterThan(numRuns / 20);
});

const queued = {
  action: "queued",
  workflow_job: {
    id: 5,
    run_id: 7,
    run_attempt: 1,
    status: "queued",
    conclusion: null,
    labels: ["self-hosted", "reserved-for:job", "self-hosted-image:linux"],
    runner_name: null,
    created_at: "2026-11-21T09:00:00Z",
  },
  repository: { full_name: "servo/servo" },
};
// waiting for an approval says nothing of how a job stands
const events = [queued, { ...queued, action: "waiting" }];

it("webhook deliveries are understood, left alone or refused", { timeout }, () => {
  const kinds = { job: 0, malformed: 0, other: 0 };
  const property = fc.property(fuzzedJson(events), (bytes) => {
    kinds[parseWorkflowJobEvent(bytes).kind] += 1;
  });
  fc.assert(property, { numRuns });
  expect(Object.keys(kinds).sort()).toEqual(["job", "malformed", "other"]);
  for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(numRuns / 50);
});
