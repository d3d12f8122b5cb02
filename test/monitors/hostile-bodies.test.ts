// Whatever a monitor sends costs those who read it a few milliseconds, is a failure with a word of
// its own, and harms nobody else.
import { describe, expect, it } from "vitest";
import { createJsonScan, parseJson } from "../../src/bounded-json.ts";
import { systemClock } from "../../src/clock.ts";
import { createMonitorClient, type MonitorClient } from "../../src/monitors/called/client.ts";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { costliestDashboard, crowdedDashboard, dashboardWith, hostileBodies } from "../support/hostile-bodies.ts";
import { measureStall, startHostileMonitor } from "../support/hostile-monitor.ts";
import { startMonitor } from "../support/monitors.ts";
import { startService } from "../support/service.ts";

/**
 * Unbounded, these bodies stall for 400 to 1,500 ms. A neighbour may steal time: the best of three
 * counts.
 */
const maxStallMs = 150;
const leastStall = async (work: () => Promise<unknown>): Promise<number> => {
  const stalls: number[] = [];
  for (let round = 0; round < 3; round++) stalls.push(await measureStall(work));
  return Math.min(...stalls);
};

async function clientOf(bodies: ReadonlyMap<string, Uint8Array | null>): Promise<MonitorClient> {
  const url = await startHostileMonitor(bodies);
  const monitors = [...bodies.keys()].map((name) => ({ name, url: `${url}/${encodeURIComponent(name)}` }));
  const settings = { monitors, apiToken: "t", takeTimeoutMs: 20_000, pollTimeoutMs: 20_000, pollIntervalMs: 100 };
  return createMonitorClient(settings, nodeTransport, systemClock);
}

const takeAt = (client: MonitorClient, monitor: string) =>
  client.take({
    monitor,
    ticket: { uniqueId: "u", profileKey: "linux", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1 },
    runners: 1,
    idempotencyKey: "k",
    notAfter: Date.now() + 10_000,
    sendBy: performance.now() + 10_000,
  });

describe("a monitor's dashboard of", () => {
  it.each(hostileBodies)("$what is refused as $fault and stalls nobody", async ({ what, bytes, fault }) => {
    const client = await clientOf(new Map([[what, bytes]]));
    const stallMs = await leastStall(async () => {
      expect(await client.readDashboard(what)).toEqual({ kind: "failed", why: fault });
    });
    expect(stallMs).toBeLessThan(maxStallMs);
  });

  it("9,800 runners with 64 labels each is refused and stalls nobody", async () => {
    const client = await clientOf(new Map([["m", crowdedDashboard()]]));
    const stallMs = await leastStall(async () => {
      expect(await client.readDashboard("m")).toEqual({ kind: "failed", why: "too_many_values" });
    });
    expect(stallMs).toBeLessThan(maxStallMs);
  });

  it("bytes without end is cut off at the limit", async () => {
    const client = await clientOf(new Map([["m", null]]));
    expect(await client.readDashboard("m")).toEqual({ kind: "failed", why: "too_large" });
  });

  it("all that is let in at most stalls nobody either", async () => {
    const million = dashboardWith("1".repeat(1_000_000));
    const client = await clientOf(
      new Map([
        ["keys", costliestDashboard()],
        ["digits", million],
      ]),
    );
    for (const name of ["keys", "digits"]) {
      const stallMs = await leastStall(async () => {
        expect(await client.readDashboard(name)).toMatchObject({ kind: "dashboard" });
      });
      expect(stallMs, name).toBeLessThan(maxStallMs);
    }
  });

  it("JSON that is no dashboard is told apart from what is no JSON", async () => {
    const client = await clientOf(
      new Map([["m", new TextEncoder().encode('{"__proto__":{"profile_runner_counts":{}}}')]]),
    );
    expect(await client.readDashboard("m")).toEqual({ kind: "failed", why: "not_a_dashboard" });
    expect("profile_runner_counts" in {}).toBe(false);
  });
});

describe("a monitor's answer to a take of", () => {
  it.each(hostileBodies)("$what leaves the leg unknown and stalls nobody", async ({ what, bytes, fault }) => {
    const client = await clientOf(new Map([[what, bytes]]));
    const stallMs = await leastStall(async () => {
      // a take's limit is smaller: most are too large before they are anything else
      const expected = bytes.byteLength > 100_000 ? "too_large" : fault;
      expect(await takeAt(client, what)).toMatchObject({ kind: "unknown", what: expected });
    });
    expect(stallMs).toBeLessThan(maxStallMs);
  });

  it("what is small and deep is too deep", async () => {
    const deep = new TextEncoder().encode(`{"id":1,"runner":{"x":${"[".repeat(70)}${"]".repeat(70)}}}`);
    const client = await clientOf(new Map([["m", deep]]));
    expect(await takeAt(client, "m")).toEqual({ kind: "unknown", word: "unreadable", what: "too_deep" });
  });
});

it("wherever a body is split, the scan says the same as of the whole", () => {
  const texts = ['{"a\\\\":["\\"]]",1,{}],"b":"[[["}', '["\\\\\\"[[",[[]]]', '[1,2,"x\\u005c"]'];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    expect(parseJson(bytes)).toEqual({ kind: "json", value: JSON.parse(text) });
    for (let at = 0; at <= bytes.byteLength; at++) {
      const scan = createJsonScan(bytes.byteLength);
      expect([scan(bytes.subarray(0, at)), scan(bytes.subarray(at))], `${text} at ${at}`).toEqual([null, null]);
    }
    const scan = createJsonScan(bytes.byteLength - 1);
    expect(scan(bytes)).toBe("too_large");
  }
});

it("brackets, commas and colons in texts count for nothing, and outside them every one counts", () => {
  const parse = (text: string) => parseJson(new TextEncoder().encode(text)).kind;
  expect(parse(`"${"[{,:".repeat(50_000)}"`)).toBe("json");
  expect(parse(`${"[".repeat(64)}${"]".repeat(64)}`)).toBe("json");
  expect(parse(`${"[".repeat(65)}${"]".repeat(65)}`)).toBe("unreadable");
  expect(parse(`[${"1,".repeat(65_535 - 1)}1]`)).toBe("json");
  expect(parse(`[${"1,".repeat(65_536)}1]`)).toBe("unreadable");
});

it("hostile monitors keep nobody from being served: their failures are named and backed off from, an honest one gives its runner", async () => {
  const inDashboard = [
    ["lists", dashboardWith("[".repeat(3_700_000) + "]".repeat(3_700_000))],
    ["crowd", crowdedDashboard()],
    ["text", dashboardWith(`"${"x".repeat(7_000_000)}"`)],
    ["endless", null],
  ] as const;
  const hostileUrl = await startHostileMonitor(new Map(inDashboard));
  const honest = await startMonitor({ name: "honest" });
  const entries = inDashboard.map(([name]) => `${name}=${hostileUrl}/${name}`);
  await using service = await startService({ monitors: [...entries, `honest=${honest.url}`].join(",") });

  // beside it one that has honest monitors only: what a busy machine does to it, it does to both
  await using peaceful = await startService({ monitors: [honest] });
  const longestMs = { hostile: 0, peaceful: 0 };
  for (let round = 0; round < 100; round++) {
    for (const [kind, { url }] of [
      ["hostile", service],
      ["peaceful", peaceful],
    ] as const) {
      const begun = performance.now();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      longestMs[kind] = Math.max(longestMs[kind], performance.now() - begun);
    }
  }
  expect(longestMs.hostile).toBeLessThan(300 + 3 * longestMs.peaceful);

  const words = { lists: "too_deep", crowd: "too_many_values", text: "too_large", endless: "too_large" };
  for (const [monitor, why] of Object.entries(words)) {
    const line = await service.onLog((one) => one.msg === "monitor_down" && one.monitor === monitor);
    expect(line).toMatchObject({ why });
  }
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "served" });
  const answer = await takeUntilDone(service.url, "served", ticket);
  expect(answer.status).toBe(200);
  expect(honest.reservedFor("served")).toHaveLength(1);
});
