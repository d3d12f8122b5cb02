// Limits of a policy, against the real service and simulated monitors: whoever is above one stands
// aside, holds nobody back and is back in its place; and the monitors' own truth never shows more.
import { describe, expect, it, vi } from "vitest";
import { cancel, enqueue, take, takeUntilDone } from "../support/client.ts";
import { come, linux, pollFor, pollUntil, reasonOf, startLimited, stays, stores } from "../support/limited-service.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken } from "../support/service.ts";

describe.each(stores)("limits ($name)", ({ name }) => {
  it("a job above its repository's limit stands aside, is told why, and holds nobody back", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 3 }, habits: stays });
    await using service = await startLimited(name, [monitor], { repositories: { "o/few": { max_runners: 1 } } });
    const { url } = service;
    const [first, second, third] = [
      await come(service, "first", "o/few"),
      await come(service, "second", "O/Few"),
      await come(service, "third", "o/few"),
    ];
    expect((await takeUntilDone(url, "first", first)).status).toBe(200);
    await pollUntil(url, "second", second, "repository_limit");
    await pollUntil(url, "third", third, "repository_limit");
    // two of them stand before it
    const other = await come(service, "other", "o/many");
    const served = await takeUntilDone(url, "other", other);
    expect([served.status, monitor.reservedFor("second"), monitor.reservedFor("third")]).toEqual([200, [], []]);
    const explained = await (await fetch(`${url}/jobs/second/explain?token=${second}`)).json();
    expect(explained).toMatchObject({
      reason: "repository_limit",
      limit: { scope: "repository", name: "o/few", max_runners: 1, in_use: 1 },
      says: expect.stringContaining("1 of the 1 runner that o/few may have are in use"),
    });
  });

  it("a limit that comes while others were there counts what runs already", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 6 }, habits: stays });
    await using service = await startLimited(name, [monitor], { repositories: { "o/other": { max_runners: 1 } } });
    const { url } = service;
    for (const id of ["a", "b"]) {
      expect((await takeUntilDone(url, id, await come(service, id, "o/few"))).status).toBe(200);
    }
    const policy = { repositories: { "o/other": { max_runners: 1 }, "o/few": { max_runners: 2 } } };
    const ticket = await come(service, "c", "o/few");
    await service.reload(policy);
    await pollUntil(url, "c", ticket, "repository_limit");
    await service.redis?.client.flushall();
    await pollUntil(url, "c", ticket, "repository_limit");
    expect(await pollFor(url, "c", ticket, 3_000)).not.toContain(200);
  });

  it("a limit that is lowered holds for those who wait, and one that is raised lets them go", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 4 }, habits: stays });
    const limitedTo = (max_runners: number) => ({ repositories: { "o/few": { max_runners } } });
    await using service = await startLimited(name, [monitor], limitedTo(3));
    const { url } = service;
    const tickets = new Map<string, string>();
    for (const id of ["a", "b", "c"]) tickets.set(id, await come(service, id, "o/few"));
    expect((await takeUntilDone(url, "a", tickets.get("a") ?? "")).status).toBe(200);
    await service.reload(limitedTo(1));
    await pollUntil(url, "b", tickets.get("b") ?? "", "repository_limit");
    await pollUntil(url, "c", tickets.get("c") ?? "", "repository_limit");
    await service.reload(limitedTo(2));
    expect((await takeUntilDone(url, "b", tickets.get("b") ?? "")).status).toBe(200);
    await pollUntil(url, "c", tickets.get("c") ?? "", "repository_limit");
    expect([monitor.reservedFor("b").length, monitor.reservedFor("c").length]).toEqual([1, 0]);
  });

  it("max_waiting counts who waits already when it comes", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 1 }, habits: stays });
    await using service = await startLimited(name, [monitor], { owners: { other: { max_waiting: 1 } } });
    const { url } = service;
    const holder = await come(service, "holder", "o/r");
    expect((await takeUntilDone(url, "holder", holder)).status).toBe(200);
    const tickets = new Map<string, string>();
    for (const id of ["a", "b"]) tickets.set(id, await come(service, id, "o/r"));
    await service.reload({ owners: { o: { max_waiting: 2 } } });
    let tries = 0;
    // a poll writes its presence now and then, and is counted with that
    await vi.waitFor(
      async () => {
        for (const [id, ticket] of tickets) await take(url, id, ticket);
        const uniqueId = `next-${tries++}`;
        const { status, text } = await enqueue(url, { profile: linux, uniqueId, repo: "o/r", runId: "1" });
        if (status === 200) await cancel(url, uniqueId, text);
        expect(status).toBe(429);
      },
      { timeout: 60_000, interval: 200 },
    );
  });

  it("as many jobs of a repository wait as max_waiting allows, whoever enqueues them; the next is told so, empty", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 1 }, habits: stays });
    const policy = { repositories: { "o/few": { max_waiting: 2 }, "o/*": {} }, owners: { o: { max_runners: 4 } } };
    await using service = await startLimited(name, [monitor], policy);
    const ask = (uniqueId: string, repo = "o/few") =>
      enqueue(service.url, { profile: linux, uniqueId, repo, runId: "1" });
    const ticket = (await ask("a")).text;
    expect((await ask("b")).status).toBe(200);
    expect(await ask("c")).toEqual({ status: 429, text: "" });
    expect([(await ask("a")).status, (await ask("x", "o/other")).status], "who is in line stays").toEqual([200, 200]);
    const batch = await fetch(`${service.url}/runs/1/enqueue`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiToken}`, "content-type": "application/json" },
      body: JSON.stringify({ jobs: [{ unique_id: "d", profile_key: linux, qualified_repo: "o/few" }] }),
    });
    expect([batch.status, reasonOf({ headers: batch.headers, status: 0, text: "" }), await batch.text()]).toEqual([
      429,
      "repository_queue_full",
      "",
    ]);
    expect((await cancel(service.url, "a", ticket)).status).toBe(200);
    expect((await ask("c")).status).toBe(200);
    const gang = await enqueue(service.url, {
      profile: linux,
      uniqueId: "gang",
      repo: "o/other",
      runId: "1",
      count: 5,
    });
    expect([gang.status, JSON.parse(gang.text)]).toMatchObject([
      422,
      { code: "above_limit", detail: "Jobs of o may have 4 runners at once" },
    ]);
  });
});
