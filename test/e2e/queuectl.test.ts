// The operator's command line looks at a live queue: what it shows, to whom, and that it is
// harmless. How it is refused is in queuectl-refusals.test.ts, what it does to the queue in
// queuectl-acts.test.ts and queuectl-history.test.ts.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { type Meddling, startMeddler } from "../support/meddler.ts";
import { startMonitor } from "../support/monitors.ts";
import { act, documentOf, linesOf, refusalOf, sentenceOf, startQueuectl } from "../support/queuectl.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

/**
 * One job has its runner, one waits, one was cancelled; the profile is paused, and the monitor
 * drains.
 */
beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: "10m" } });
  const holder = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder", runId: "1" });
  await takeUntilDone(service.url, "holder", holder);
  await act(service.url, "/profiles/linux/pause?by=ann&note=kernel%20update&until=2h");
  await act(service.url, "/monitors/ci0/drain?by=bob&note=new%20disk");
  const waiter = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "waiter", runId: "2" });
  await take(service.url, "waiter", waiter);
  await enqueueForTicket(service.url, { profile: "linux", uniqueId: "quitter", runId: "3" });
  await act(service.url, "/jobs/quitter/cancel");
  // A dashboard is up to a second old, and the monitor's own word may be older.
  await vi.waitFor(
    async () => {
      const dashboard = await (await fetch(`${service.url}/dashboard.json`)).json();
      expect(dashboard).toMatchObject({
        profiles: [{ waiting: 1, capacity: { idle: 0 } }],
        monitors: [{ draining: { by: "bob" }, takes: { taken: 1 } }],
        ends: [{ what: "cancelled" }, { what: "taken" }],
      });
    },
    { timeout: 60_000 },
  );
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

const looks = ["status", "jobs", "monitors", "history"] as const;

test("status says of each profile who waits, for how many runners and how long, and of each monitor how it is", async () => {
  const lines = await linesOf(service.url, "status");
  expect(lines.map((line) => line.replaceAll(/\d+ s\b/g, "n s").replaceAll(/ +/g, " "))).toEqual([
    "PROFILE WAITING RUNNERS WANTED OLDEST FREE IDLE CLAIMED TARGET PAUSED",
    expect.stringMatching(/^linux 1 1 n s 0 0 \d 1 by ann n s ago, ends in (2 h 0 min|1 h 59 min): kernel update$/),
    "",
    "MONITOR STATE IDLE TARGET DRAINING",
    "ci0 fresh 0 1 by bob n s ago: new disk",
  ]);
});

test("jobs shows the line with positions and reasons, with --all also who was in it; columns are aligned", async () => {
  const [head = "", waiter = "", ...none] = await linesOf(service.url, "jobs", "--profile", "linux");
  expect(none).toEqual([]);
  for (const [title, value] of [
    ["PROFILE", "linux"],
    ["JOB", "waiter"],
    ["REPOSITORY", "servo/servo"],
    ["STATE", "queued"],
    ["WHY", "profile_paused"],
  ] as const) {
    expect(waiter.startsWith(value, head.indexOf(title)), title).toBe(true);
  }
  expect(waiter).toMatch(/ 1 {2}waiter {2}servo\/servo +2 +1 {2}\d+ s +\d+ s ago +queued +profile_paused$/);

  const all = await linesOf(service.url, "jobs", "--all");
  expect(all.slice(2)).toEqual([
    expect.stringMatching(/^linux +- {2}quitter .* 3 +1 .* cancelled +\d+ s ago, by operator$/),
    expect.stringMatching(/^linux +- {2}holder .* 1 +1 .* taken +\d+ s ago, got ci0\/\d+$/),
  ]);
  const { profiles } = await documentOf<{ profiles: unknown[] }>(service.url, "jobs", "--profile", "linux");
  expect(profiles).toHaveLength(1);

  expect(await linesOf(service.url, "jobs", "--repo", "SERVO/servo", "--state", "queued")).toEqual([head, waiter]);
  expect(await linesOf(service.url, "jobs", "--repo", "servo/other")).toEqual(["None found."]);
  const cancelled = await linesOf(service.url, "jobs", "--all", "--state", "cancelled");
  expect(cancelled.slice(1)).toEqual([expect.stringContaining(" quitter ")]);
});

test("jobs says of a job whose request is held that it is connected, not how old the request is", async () => {
  const held = new AbortController();
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "held", runId: "4" });
  const url = `${service.url}/take/held?token=${ticket}&wait=50`;
  const answered = fetch(url, { method: "POST", signal: held.signal });
  const line = async () => (await linesOf(service.url, "jobs")).find((one) => one.includes(" held "));
  await expect.poll(line, { timeout: 60_000 }).toMatch(/ connected +queued +profile_paused$/);
  held.abort();
  await expect(answered).rejects.toThrow();
  await act(service.url, "/jobs/held/cancel");
});

test("monitors says how each is, since when, what came of its takes, and what it has of each profile", async () => {
  const [, ci0 = "", , ...rest] = await linesOf(service.url, "monitors");
  expect(ci0).toMatch(/^ci0 +fresh +\d s ago +0 +in \d s +- +1 taken +by bob \d+ s ago: new disk$/);
  expect(rest.map((line) => line.trim().split(/ +/))).toEqual([
    ["MONITOR", "PROFILE", "IDLE", "CLAIMED", "AVAILABLE", "HEALTHY", "TARGET"],
    ["ci0", "linux", "0", expect.any(String), "0", "1", "1"],
  ]);
  const gone = await startMonitor({ name: "ci7" });
  const url = gone.url;
  await gone.stopListening();
  await using alone = await startService({ monitors: `ci7=${url}` });
  expect((await linesOf(alone.url, "monitors"))[1]).toMatch(/^ci7 +failing +never +[1-9]\d* +in \d+ s/);
  expect((await linesOf(alone.url, "status"))[0]).toMatch(/^No profile is known yet/);
});

test("--json prints the queue's own document, one value and nothing else, for every command", async () => {
  const own = await startMonitor({ profiles: { linux: 1 } });
  await using queue = await startService({ monitors: [own] });
  await enqueueForTicket(queue.url, { profile: "linux", uniqueId: "j" });
  const note = ["--note", "why"];
  const commands = [...looks.map((name) => [name]), ["cancel", "j"], ["drain", "ci0", ...note], ["resume", "ci0"]];
  const all = [...commands, ["pause", "linux", ...note], ["unpause", "linux"]];
  const documents = await Promise.all(all.map((command) => documentOf(queue.url, ...command)));
  for (const document of documents) expect(document).toBeTypeOf("object");
  const theirs = await fetch(`${service.url}/history.json`, { headers: { authorization: `Bearer ${apiToken}` } });
  expect(await documentOf(service.url, "history")).toEqual(await theirs.json());
});

test("a path before the queue's own and slashes at the end of --queue make no difference", async () => {
  await using meddler = await startMeddler(service.url, {
    request: (request) => ({ ...request, path: request.path.replace(/^\/of\/mine\//, "/") }),
  });
  const queue = ["--queue", `${meddler.url}/of/mine//`];
  await Promise.all(looks.map((command) => linesOf("http://127.0.0.1:1", command, ...queue)));
  expect(meddler.passed.every(({ path }) => path.startsWith("/of/mine/"))).toBe(true);
});

test("a dashboard that DASHBOARD_TOKEN closes opens with an operator's token, with its own, and with no other", async () => {
  const own = await startMonitor();
  const env = { DASHBOARD_TOKEN: "for-viewers", OPERATOR_TOKENS: "for-operators" };
  await using queue = await startService({ monitors: [own], env });
  const closed = /^The queue said no: 401 viewer_unknown: The dashboard is closed/;
  const noOperator =
    /^The queue said no: 403 not_an_operator: The bearer token may enqueue, but not operate the queue.*\.$/;
  const unknown = /^The queue said no: 403 bearer_unknown: .* \(This route takes one of OPERATOR_TOKENS\)\.$/;
  await Promise.all([
    linesOf(queue.url, "status", "--token", "for-operators"),
    linesOf(queue.url, "status", "--token", "for-viewers"),
    expect(refusalOf(queue.url, "status")).resolves.toMatch(closed),
    startQueuectl(["jobs", "--queue", queue.url]).ended.then((end) => expect(sentenceOf(end, 1)).toMatch(closed)),
    expect(refusalOf(queue.url, "drain", "ci0", "--note", "x")).resolves.toMatch(noOperator),
    expect(refusalOf(queue.url, "history", "--token", "for-viewers")).resolves.toMatch(unknown),
  ]);
});

/** Every text in a document of the queue, but for times, states and the like. */
function withTexts(body: string, change: (text: string) => string): string {
  const kept = new Set(["at", "until", "answered_at", "next_ask_at", "last_poll_at", "what", "state", "reason"]);
  const changed = (name: string, value: unknown) =>
    typeof value === "string" && name !== "" && !kept.has(name) ? change(value) : value;
  return JSON.stringify(JSON.parse(body), changed);
}

const passingOn = (change: (text: string) => string): Meddling => ({
  reply: (reply) => ({ ...reply, body: withTexts(reply.body, change) }),
});

test("escape sequences, line breaks and text that runs backwards in names and notes do nothing to a terminal", async () => {
  const hostile = (text: string) =>
    `\u001b[2J\u001b]0;title\u0007\u009b31m${text}\r\n\t\u202egpj\u2066\u200b\u0000\u2028\ufeff\u001b[0m`;
  await using meddler = await startMeddler(service.url, passingOn(hostile));
  for (const command of [["status"], ["jobs", "--all"], ["monitors"], ["history"]]) {
    const [lines, honest] = await Promise.all([linesOf(meddler.url, ...command), linesOf(service.url, ...command)]);
    expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(lines).toHaveLength(honest.length);
  }
  expect((await linesOf(meddler.url, "status")).join("\n")).toContain("kernel update");

  const text = (await linesOf(meddler.url, "history", "--json")).join("\n");
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const theirs = await fetch(`${meddler.url}/history.json`, { headers: { authorization: `Bearer ${apiToken}` } });
  expect(JSON.parse(text)).toEqual(await theirs.json());

  const title = `\u001b[31mno\u001b[0m ${apiToken}\n`;
  await using rude = await startMeddler(service.url, {
    reply: () => ({
      status: 404,
      headers: { "content-type": "application/problem+json" },
      body: JSON.stringify({ code: "monitor_unknown", title, status: 404 }),
    }),
  });
  expect(await refusalOf(rude.url, "resume", "ci0")).toBe("The queue said no: 404 monitor_unknown: no *** .");
});

test("a queue that repeats the token gets none of it printed, nor one in pieces, in tables or as JSON", async () => {
  const pieces = `${apiToken.slice(0, 5)}\u200b${apiToken.slice(5)}`;
  const change = (text: string) => `${text} ${apiToken} ${pieces}`;
  await using meddler = await startMeddler(service.url, {
    reply: (reply) => {
      const document = JSON.parse(withTexts(reply.body, change));
      return { ...reply, body: JSON.stringify({ ...document, [`named ${apiToken}`]: true }) };
    },
  });
  const printed = await Promise.all(
    looks.flatMap((command) => [linesOf(meddler.url, command), linesOf(meddler.url, command, "--json")]),
  );
  for (const lines of printed) {
    expect(lines.join("\n")).toContain("***");
    expect(lines.join("\n")).not.toContain(apiToken);
  }
});

test("watch without a terminal prints what changes, waits for a queue that went away, and ends with 0 upon Ctrl-C", async () => {
  const own = await startMonitor();
  const first = await startService({ monitors: [own] });
  const port = Number(new URL(first.url).port);
  const run = startQueuectl(["watch", "--queue", first.url]);
  const json = startQueuectl(["watch", "--queue", first.url, "--json"]);
  await run.onOutput(/fresh/);
  await json.onOutput(/\n/);
  await act(first.url, "/monitors/ci0/drain?by=bob&note=new%20disk");
  await run.onOutput(/Z {2}ci0: .*draining by bob: new disk, was no$/m);
  await first.kill9();
  await run.onOutput(/There is no reply from .*: the connection was refused\./);
  await using _second = await startService({ monitors: [own], port });
  await run.onOutput(/refused.*fresh/s);
  run.send("SIGINT");
  json.send("SIGINT");
  const [{ exitCode, stdout, stderr }, lines] = await Promise.all([run.ended, json.ended]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  // No terminal, no commands for one; and what stays as it is is told once.
  expect(stdout).not.toContain("\u001b");
  expect(stdout.match(/no reply/g)).toHaveLength(1);
  expect(lines.exitCode).toBe(0);
  for (const line of lines.stdout.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("monitors");
});

test("a reader that has seen enough ends it without a word", async () => {
  const run = startQueuectl(["watch", "--queue", service.url]);
  await run.onOutput(/ci0/);
  run.stopReading();
  expect(await run.ended).toMatchObject({ exitCode: 0, stderr: "" });
});
