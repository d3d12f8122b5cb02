// How long it may take: every reply to somebody who waits says it, by the rate at which runners
// came free, and who is not willing to wait so long is told at once.
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { enqueueForTicket } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, startService } from "../support/service.ts";

interface EstimateShown {
  readonly low_seconds: number;
  readonly high_seconds: number;
}

it("is unknown at first, then measured, on every 503 and in GET /jobs; max_wait refuses what would take longer", async () => {
  const habits = { startsAfterMs: null, reservedForMs: 3_600_000 };
  const monitor = await startMonitor({ profiles: { linux: 1 }, habits });
  await using service = await startService({ monitors: [monitor] });
  const take = async (id: string, ticket: string, wait = 0) =>
    await fetch(`${service.url}/take/${id}?token=${ticket}&wait=${wait}`, { method: "POST" });
  const show = async (id: string, ticket: string) =>
    (await (await fetch(`${service.url}/jobs/${id}?token=${ticket}`)).json()) as {
      readonly estimate: EstimateShown | null;
    };
  const enqueueWithin = async (id: string, maxWait: string) =>
    await fetch(
      `${service.url}/profile/linux/enqueue?unique_id=${id}&qualified_repo=o/r&run_id=1&max_wait=${maxWait}`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${apiToken}` },
      },
    );
  const enqueue = (uniqueId: string) => enqueueForTicket(service.url, { profile: "linux", uniqueId });

  const first = await enqueue("first");
  expect((await take("first", first, 5)).status).toBe(200);
  expect(await show("first", first)).toMatchObject({ state: "taken", position: null, reason: null, estimate: null });

  const ahead: [string, string][] = [];
  for (const id of ["j0", "j1", "j2", "j3", "j4", "j5", "j6", "j7"]) ahead.push([id, await enqueue(id)]);
  const last = await enqueue("last");
  const told = await take("last", last);
  expect([told.status, told.headers.get("x-queue-estimate")]).toEqual([503, "unknown"]);
  expect(await show("last", last)).toMatchObject({ position: 9, reason: "no_capacity", estimate: null });
  // nothing is known yet that would speak against it
  expect((await enqueueWithin("hopeful", "1")).status).toBe(200);

  for (const [id, ticket] of ahead) {
    const held = take(id, ticket, 20);
    // it is counted once a second
    await delay(400);
    monitor.freeOne("linux");
    expect((await held).status).toBe(200);
  }
  let estimate: string | null = "unknown";
  while (estimate === "unknown") estimate = (await take("last", last)).headers.get("x-queue-estimate");
  expect(estimate).toMatch(/^\d+-\d+$/);
  const shown = await show("last", last);
  expect(shown).toMatchObject({ position: 1, reason: "no_capacity" });
  expect(shown.estimate?.low_seconds).toBeLessThan(shown.estimate?.high_seconds ?? 0);

  // forty runners at some two or three a second
  for (let i = 0; i < 40; i++) await enqueue(`crowd-${i}`);
  const refused = await enqueueWithin("impatient", "1");
  expect([refused.status, refused.headers.get("content-type")]).toEqual([422, "application/problem+json"]);
  const problem = (await refused.json()) as { readonly detail: string; readonly estimate: EstimateShown };
  expect(problem).toMatchObject({ code: "would_wait_too_long", status: 422 });
  expect(problem.estimate.low_seconds).toBeGreaterThan(1);
  expect(problem.detail).toBe(
    `It would take ${problem.estimate.low_seconds} to ${problem.estimate.high_seconds} seconds`,
  );
  // it is not in line, whoever may wait is, and whoever is in line stays there
  expect((await enqueueWithin("patient", "100000")).status).toBe(200);
  expect((await enqueueWithin("crowd-3", "1")).status).toBe(409);
  expect((await enqueueWithin("hopeful", "1")).status).toBe(200);
  expect((await enqueueWithin("impatient", "soon")).status).toBe(400);
});
