// DATA_FILE: what the queue was told and what it answered outlives kill -9, and the file is one
// process's at a time.
import { join } from "node:path";
import { expect, it } from "vitest";
import { spawnService } from "../../scripts/service-process.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { nextTake, startMonitor } from "../support/monitors.ts";
import { documentOf, linesOf } from "../support/queuectl.ts";
import { apiToken, monitorsSetting, monitorToken, startService } from "../support/service.ts";

interface Shown {
  readonly profiles: readonly { readonly profile_key: string; readonly paused: unknown; readonly waiting: number }[];
  readonly monitors: readonly { readonly name: string; readonly draining: unknown }[];
}

it("kept in a file, drains, pauses, history and the line survive kill -9: all is as it was, and served in the old order", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { linux: 0 } });
  // it keeps its runner for the first job, so that nobody else is served before the drain ends
  const habits = { reservedForMs: 600_000 };
  const ci1 = await startMonitor({ name: "ci1", profiles: { linux: 1, arm: 1 }, habits });
  const env = { DATA_FILE: join(await createTestDirectory(), "queue.sqlite") };
  const start = () => startService({ monitors: [ci0, ci1], env });
  const first = await start();
  const done = await enqueueForTicket(first.url, { profile: "linux", uniqueId: "done" });
  const answer = await takeUntilDone(first.url, "done", done);
  expect(answer.status).toBe(200);
  await linesOf(first.url, "drain", "ci0", "--note", "new disk", "--by", "ann");
  ci0.setTarget("linux", 1);
  await linesOf(first.url, "pause", "arm", "--note", "kernel update", "--by", "bob", "--until", "2h");
  const jobs = [
    { profile: "linux", uniqueId: "one" },
    { profile: "linux", uniqueId: "two" },
    { profile: "arm", uniqueId: "three" },
    { profile: "linux", uniqueId: "four" },
  ];
  const tickets = new Map<string, string>();
  for (const job of jobs) tickets.set(job.uniqueId, await enqueueForTicket(first.url, job));
  const placesAt = async (url: string) =>
    await Promise.all(
      jobs.map(async ({ uniqueId }) => {
        const { status, headers } = await take(url, uniqueId, tickets.get(uniqueId) ?? "");
        return [uniqueId, status, headers.get("x-queue-reason"), headers.get("x-queue-position")];
      }),
    );
  const places = await placesAt(first.url);
  expect(places.map(([, status, , position]) => [status, position])).toEqual([
    [503, "1"],
    [503, "2"],
    [503, "1"],
    [503, "3"],
  ]);
  const shown = await documentOf<Shown>(first.url, "monitors");
  const history = await documentOf<unknown>(first.url, "history");
  await first.kill9();

  await using second = await start();
  expect(await placesAt(second.url)).toEqual(places);
  expect((await documentOf<Shown>(second.url, "monitors")).monitors.map(({ draining }) => draining)).toEqual(
    shown.monitors.map(({ draining }) => draining),
  );
  const { profiles } = await documentOf<Shown>(second.url, "status");
  expect(profiles.find(({ profile_key }) => profile_key === "arm")).toMatchObject({
    paused: { by: "bob", note: "kernel update" },
  });
  expect(await documentOf<unknown>(second.url, "history")).toEqual(history);
  expect((await take(second.url, "done", done)).text).toBe(answer.text);
  expect([...ci0.takes, ...ci1.takes].map(({ uniqueId }) => uniqueId)).toEqual(["done"]);

  await linesOf(second.url, "resume", "ci0");
  for (const uniqueId of ["one", "two", "four"]) {
    const reply = await takeUntilDone(second.url, uniqueId, tickets.get(uniqueId) ?? "");
    expect(runnerIdsIn(reply)).toEqual(ci0.reservedFor(uniqueId).map(({ id }) => id));
    ci0.freeOne("linux");
  }
  await linesOf(second.url, "unpause", "arm");
  expect((await takeUntilDone(second.url, "three", tickets.get("three") ?? "")).status).toBe(200);
});

it("killed while a take is under way, it finds the runner of that take after its restart, and asks for no other", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 }, habits: { startsAfterMs: null } });
  monitor.faults.takeDelayMs = 1_000;
  const env = {
    DATA_FILE: join(await createTestDirectory(), "queue.sqlite"),
    MONITOR_SETTLE: "300ms",
    MONITOR_TAKE_TIMEOUT: "3s",
    UNKNOWN_HOLD: "6s",
  };
  const first = await startService({ monitors: [monitor], env });
  const ticket = await enqueueForTicket(first.url, { profile: "linux", uniqueId: "job" });
  const asked = nextTake(monitor);
  take(first.url, "job", ticket).catch(() => {});
  await asked;
  await first.kill9();

  await using second = await startService({ monitors: [monitor], env });
  const reply = await takeUntilDone(second.url, "job", ticket);
  expect(reply.status).toBe(200);
  expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
  expect(monitor.takes).toHaveLength(1);
});

it("a second process on the file is refused with a sentence and exit code 1, and the first serves on", async () => {
  const monitor = await startMonitor();
  const env = { DATA_FILE: join(await createTestDirectory(), "queue.sqlite") };
  await using first = await startService({ monitors: [monitor], env });
  const second = spawnService({
    API_TOKENS: apiToken,
    MONITOR_API_TOKEN: monitorToken,
    MONITORS: monitorsSetting([monitor]),
    ...env,
  });
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toBe(
    "runner-queue cannot start:\n  DATA_FILE: another process has it: one instance at a time\n",
  );
  const ticket = await enqueueForTicket(first.url, { profile: "linux", uniqueId: "job" });
  expect((await takeUntilDone(first.url, "job", ticket)).status).toBe(200);
  // and whoever stops gives it free
  expect(await first.stop()).toBe(0);
  await using third = await startService({ monitors: [monitor], env });
  expect((await take(third.url, "job", ticket)).status).toBe(200);
});
