// Every check of the self-test can fail: each of the queues in queue-faults.ts breaks one promise,
// and the check that is there for it says so. The real service stands behind, so everything else is
// as it should be.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkNames } from "../../scripts/self-test/command.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { startMeddler } from "../support/meddler.ts";
import { queueFaults } from "../support/queue-faults.ts";
import { abandonAfter, check, loadStates, startChecks, ticketsOf } from "../support/self-test.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 40 } });
  service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: abandonAfter } });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

describe("a queue fails the check that is there for it when it", () => {
  test.each(queueFaults)("$that ($fails)", async ({ fails, seen, take, meddling }) => {
    await using meddler = await startMeddler(service.url, meddling());
    const takesBefore = monitor.takes.length;
    const args = take === true ? ["--take", "--only", fails] : ["--only", fails];
    const { exitCode, stderr, checks } = await check(meddler.url, args);
    expect({ exitCode, stderr, outcomes: checks.map(({ outcome }) => outcome) }).toEqual({
      exitCode: 1,
      stderr: "",
      outcomes: ["failed"],
    });
    expect(checks[0]?.seen).toMatch(seen);
    if (take !== true) expect(monitor.takes.length).toBe(takesBefore);
  });

  test("all of these belong to some check, and every check has one", () => {
    expect([...new Set(queueFaults.map(({ fails }) => fails))].sort()).toEqual([...checkNames].sort());
  });
});

test("a queue that answers everything with 500 and a body fails all checks, and a hint about curl is given", async () => {
  await using meddler = await startMeddler(service.url, {
    reply: () => ({ status: 500, headers: { "content-type": "text/html" }, body: "<h1>Oops</h1>" }),
  });
  const { exitCode, stderr, checks } = await check(meddler.url, ["--take"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
  expect(checks.map(({ outcome }) => outcome)).toEqual(checkNames.map(() => "failed"));
  for (const { seen } of checks) expect(seen).toMatch(/ 500 with a body of text\/html, which curl would leave/);
});

test("a queue that echoes tokens and tickets, or colours the terminal, gets none of it printed", async () => {
  const tickets: string[] = [];
  await using meddler = await startMeddler(service.url, {
    reply: (reply, { path, bearer }) => {
      if (path.includes("/enqueue") && reply.status === 200) tickets.push(reply.body);
      const title = `\u001b[31mred\u001b[0m ${"long ".repeat(70)} ${bearer} ${tickets.join(" ")} ${path}\n`;
      const body = JSON.stringify({ code: "job_unknown", title, status: 404 });
      const isEnqueue = path.includes("/enqueue");
      return isEnqueue ? reply : { status: 404, headers: { "content-type": "application/problem+json" }, body };
    },
  });
  const names = ["--only", "one runner,replayed,abandoned"];
  const { exitCode, lines, stderr } = await startChecks(meddler.url, names).ended;
  expect(exitCode).toBe(1);
  const text = [...lines, stderr].join("\n");
  const title = (JSON.parse(lines[0]!) as { seen: string }).seen;
  expect(title).toMatch(/^GET \/jobs was answered 404 job_unknown: red long /);
  expect(title).toHaveLength(400);
  expect(ticketsOf(meddler.passed)).not.toEqual([]);
  for (const secret of [apiToken, ...ticketsOf(meddler.passed)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(secret.slice(0, 20));
  }
  expect(text).not.toContain("\\u001b");
});

test("what a lying queue got out of the self-test is given up all the same", async () => {
  await using meddler = await startMeddler(service.url, {
    request: (asked) => ({ ...asked, bearer: apiToken }),
  });
  const { exitCode } = await check(meddler.url, ["--only", "unauthorised"]);
  expect(exitCode).toBe(1);
  expect(await loadStates(service.url, meddler.passed)).toEqual(["cancelled"]);
});
