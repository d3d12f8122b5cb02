// Names that every JavaScript object has already: monitors, profiles, jobs and parameters may be
// called so, and are as good as any.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createMonitorClient } from "../../src/monitors/called/client.ts";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { apiToken, startService } from "../support/service.ts";

const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype"];

/**
 * A monitor that has one idle runner of each of these profiles, in JSON that no object literal can
 * write.
 */
async function startOddMonitor(): Promise<string> {
  let lastId = 0;
  const counts = names.map((name) => `"${name}":{"idle":1,"target":1,"healthy":1}`).join(",");
  const server = createServer((request, response) => {
    if (request.method === "POST") return response.end(`[{"id":${++lastId},"runner":{"__proto__":{"odd":true}}}]`);
    return response.end(`{"profile_runner_counts":{${counts}},"runners":[],"__proto__":{"runners":1}}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("names that objects have already", () => {
  it("as profiles, jobs, notes and parameters: no route answers 500, and every job gets its runner", async () => {
    await using service = await startService({ monitors: `ci0=${await startOddMonitor()}` });
    const headers = { authorization: `Bearer ${apiToken}` };
    const ask = async (method: string, path: string) => (await fetch(service.url + path, { method, headers })).status;
    for (const name of names) {
      const ticket = await enqueueForTicket(service.url, { profile: name, uniqueId: name });
      const answer = await takeUntilDone(service.url, name, ticket);
      expect([name, answer.status, answer.text.includes('"__proto__":{"odd":true}')]).toEqual([name, 200, true]);
      expect(await ask("GET", `/jobs/${name}`), name).toBe(200);
      expect(await ask("POST", `/profiles/${name}/pause?by=${name}&note=${name}`), name).toBe(200);
      expect(await ask("POST", `/profiles/${name}/resume?by=${name}`), name).toBe(200);
      expect(await ask("POST", `/monitors/${name}/drain?by=a&note=b`), name).toBe(404);
      expect(await ask("GET", `/history.json?profile=${name}`), name).toBe(200);
      expect(await ask("GET", `/history.json?${name}=1`), name).toBe(400);
      expect(await ask("GET", `/${name}`), name).toBe(404);
    }
    for (const path of ["/", "/dashboard.json", "/dashboard.txt", "/metrics", "/readyz"]) {
      const reply = await fetch(service.url + path);
      expect([path, reply.status]).toEqual([path, 200]);
      const text = await reply.text();
      if (path.startsWith("/dashboard")) for (const name of names) expect(text).toContain(name);
    }
    expect(service.logLines().filter(({ msg }) => msg === "trouble")).toEqual([]);
  });

  it("as monitors: each is asked at its own URL, and one that is not known is told apart from what objects have", async () => {
    const url = await startOddMonitor();
    const settings = { apiToken: "t", takeTimeoutMs: 20_000, pollTimeoutMs: 20_000, pollIntervalMs: 100 };
    const monitors = names.slice(0, 3).map((name) => ({ name, url }));
    const client = createMonitorClient({ ...settings, monitors }, nodeTransport, systemClock);
    for (const name of names) {
      const isKnown = monitors.some((monitor) => monitor.name === name);
      expect([name, client.urlOf(name)]).toEqual([name, isKnown ? url : ""]);
      const ticket = { uniqueId: name, profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 };
      const sendBy = performance.now() + 10_000;
      const notAfter = Date.now() + 10_000;
      const outcome = await client.take({ monitor: name, ticket, runners: 1, idempotencyKey: "k", notAfter, sendBy });
      expect([name, outcome.kind]).toEqual([name, isKnown ? "taken" : "refused"]);
      const after = performance.now();
      // of one that is not known nothing is ever to be had
      const window = { after, afterBlind: after, until: after + (isKnown ? 20_000 : 10) };
      const evidence = await client.readEvidence(name, name, window, 1);
      expect([name, evidence.kind]).toEqual([name, isKnown ? "seen" : "none"]);
      const read = isKnown ? await client.readDashboard(name) : null;
      if (read !== null) expect(read.kind === "dashboard" && [...read.dashboard.counts.keys()]).toEqual(names);
    }
  });
});
