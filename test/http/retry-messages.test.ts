// Whoever is asked to come back hears why as a sentence, and where it is explained; below the path
// that the queue lives at.
import { expect, it } from "vitest";
import { retryReasons } from "../../src/http/problem.ts";
import { reasonsPath, retryMessages } from "../../src/http/retry-messages.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { startService } from "../support/service.ts";

it("a waiting take says why as a sentence, and links to the page that has it under its reason", async () => {
  const monitor = await startMonitor({ profiles: { linux: 1 } });
  await using queue = await startService({ monitors: [monitor], env: { BASE_PATH: "/queue" } });
  for (const base of [queue.url, `${queue.url}/queue`]) {
    const uniqueId = `waits-${base.length}`;
    await fetch(`${queue.url}/profiles/linux/pause`, {
      method: "POST",
      headers: { authorization: "Bearer api-token-of-the-tests" },
    });
    const ticket = await enqueueForTicket(base, { profile: "linux", uniqueId });
    const { status, text, headers } = await take(base, uniqueId, ticket);
    expect([status, text]).toEqual([503, ""]);
    expect(headers.get("x-queue-message")).toBe(retryMessages.profile_paused);
    expect(headers.get("link")).toBe(`</queue${reasonsPath}#profile_paused>; rel="help"`);
  }
  const page = await (await fetch(`${queue.url}/queue${reasonsPath}`)).text();
  for (const reason of retryReasons) {
    expect(page).toContain(`id="${reason}"`);
    expect(retryMessages[reason]).toMatch(/^[A-Z].*\.$/);
  }
});

it("a profile says before anybody enqueues how many wait, what is free, and how long it may take", async () => {
  const monitor = await startMonitor({ profiles: { linux: 2 } });
  await using queue = await startService({ monitors: [monitor] });
  const look = async () => (await (await fetch(`${queue.url}/profiles/linux`)).json()) as Record<string, unknown>;
  expect(await look()).toEqual({
    profile_key: "linux",
    paused: false,
    waiting_jobs: 0,
    wanted_runners: 0,
    free_runners: 2,
    servable_runners: 2,
    estimate: null,
  });
  const ticket = await enqueueForTicket(queue.url, { profile: "linux", uniqueId: "a" });
  await enqueueForTicket(queue.url, { profile: "linux", uniqueId: "b", count: 2 });
  expect(await look()).toMatchObject({ waiting_jobs: 2, wanted_runners: 3 });
  expect((await take(queue.url, "a", ticket)).status).toBe(200);
});
