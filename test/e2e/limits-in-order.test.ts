// Whoever stands aside for a limit comes back in the order of the line, whatever else waits for the same room.
import { describe, expect, it } from "vitest";
import { enqueueUrl } from "../../scripts/deployed-client.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { come, linux, pollUntil, startLimited, stays, stores } from "../support/limited-service.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken } from "../support/service.ts";

describe.each(stores)("those aside ($name)", ({ name }) => {
  it("who stands aside comes back in the order of their places as soon as there is room", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 5 },
      habits: { reservedForMs: 6_000, rebornAfterMs: 10 },
    });
    await using service = await startLimited(name, [monitor], { owners: { o: { max_runners: 1 } } });
    const { url } = service;
    const ids = ["a", "b", "c", "d"];
    const tickets: string[] = [];
    for (const id of ids) tickets.push(await come(service, id, "o/r"));
    expect((await takeUntilDone(url, "a", tickets[0] ?? "")).status).toBe(200);
    // the last ones stand aside first
    for (const at of [3, 2, 1]) await pollUntil(url, ids[at] ?? "", tickets[at] ?? "", "repository_limit");
    const reserved: string[] = [];
    monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
    // of the next ones: that of "a" is destroyed when its time is over
    monitor.habits = { ...monitor.habits, reservedForMs: 200 };
    await Promise.all(
      [3, 2, 1].map(async (at) => await takeUntilDone(url, ids[at] ?? "", tickets[at] ?? "", { longestWaitMs: 30 })),
    );
    expect(reserved).toEqual(["b", "c", "d"]);
  });

  it("among those whom one limit holds the line's order counts: a gang is not passed, and shares are kept", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 6 },
      habits: { reservedForMs: 8_000, rebornAfterMs: 10 },
    });
    const policy = { repositories: { "o/heavy": { weight: 4 } }, owners: { o: { max_runners: 2 } } };
    await using service = await startLimited(name, [monitor], policy);
    const { url } = service;
    const tickets = new Map<string, string>();
    const comeAs = async (uniqueId: string, repo: string, count: number) =>
      tickets.set(uniqueId, await enqueueForTicket(url, { profile: linux, uniqueId, repo, runId: "1", count }));
    await comeAs("holder", "o/holder", 2);
    expect((await takeUntilDone(url, "holder", tickets.get("holder") ?? "")).status).toBe(200);
    tickets.delete("holder");
    await comeAs("gang", "o/gang", 2);
    for (const n of [1, 2, 3]) for (const repo of ["a", "b"]) await comeAs(`${repo}${n}`, `o/${repo}`, 1);
    for (const n of [1, 2, 3, 4]) await comeAs(`heavy${n}`, "o/heavy", 1);
    for (const [id, ticket] of tickets) await pollUntil(url, id, ticket, "repository_limit");
    const reserved: string[] = [];
    monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
    // of the next ones
    monitor.habits = { ...monitor.habits, reservedForMs: 400 };
    await Promise.all(
      [...tickets].map(async ([id, ticket]) => await takeUntilDone(url, id, ticket, { longestWaitMs: 30 })),
    );
    expect(reserved.slice(0, 2)).toEqual(["gang", "gang"]);
    // one of each of the others, then the heavy one's next three before their second
    expect(reserved.indexOf("heavy4")).toBeLessThan(Math.min(reserved.indexOf("a3"), reserved.indexOf("b3")));
  });

  it("a gang above a limit that was lowered holds none of its repository back", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 8 }, habits: stays });
    await using service = await startLimited(name, [monitor], { repositories: { "o/few": { max_runners: 4 } } });
    const { url } = service;
    const post = async (path: string) =>
      await fetch(url + path, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
    await post(`/profiles/${linux}/pause`);
    const gang = await enqueueForTicket(url, { profile: linux, uniqueId: "gang", repo: "o/few", runId: "1", count: 4 });
    await service.reload({ repositories: { "o/few": { max_runners: 2 } } });
    await post(`/profiles/${linux}/resume`);
    await pollUntil(url, "gang", gang, "repository_limit");
    const single = await come(service, "single", "o/few");
    const answered = takeUntilDone(url, "single", single, { longestWaitMs: 50 });
    // the gang goes on asking meanwhile
    while (monitor.reservedFor("single").length === 0) await take(url, "gang", gang);
    expect((await answered).status).toBe(200);
    const explained = await (await fetch(`${url}/jobs/gang/explain?token=${gang}`)).json();
    expect(explained).toMatchObject({
      says: expect.stringContaining("asks for 4 runners, and o/few may have 2 by now"),
    });
  });

  it("a job for which nobody polls stands aside at a limit, and is served by itself when there is room", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 3 },
      habits: { ...stays, reservedForMs: 6_000, rebornAfterMs: 10 },
    });
    const policy = { repositories: { "o/few": { max_runners: 1 } } };
    await using service = await startLimited(name, [monitor], policy, {
      GITHUB_WEBHOOK_SECRETS: "webhook-secret-of-the-tests",
    });
    const reserved: string[] = [];
    const second = new Promise<void>((resolve) => {
      monitor.onReserved((_, uniqueId) => {
        reserved.push(uniqueId);
        if (uniqueId === "second") resolve();
      });
    });
    const comeDetached = async (uniqueId: string, repo: string) => {
      const url = `${enqueueUrl(service.url, { profile: linux, uniqueId, repo, runId: "1" })}&presence=github`;
      const { status } = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
      expect(status).toBe(200);
    };
    await comeDetached("first", "o/few");
    await comeDetached("second", "o/few");
    await comeDetached("other", "o/many");
    await second;
    expect(reserved.toSorted()).toEqual(["first", "other", "second"]);
    expect(reserved.at(-1)).toBe("second");
  });
});
