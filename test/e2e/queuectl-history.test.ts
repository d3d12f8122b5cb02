// "What happened to run 123 ten minutes ago?" has an answer: one command.
import { afterAll, beforeAll, expect, test } from "vitest";
import { tellStory } from "../../scripts/queuectl/paper/story.ts";
import type { Entry } from "../../scripts/queuectl/requests/documents.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMeddler } from "../support/meddler.ts";
import { act, documentOf, linesOf } from "../support/queuectl.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

let monitor: SimulatedMonitor;
let service: RunningService;

/**
 * Run 1 comes and goes; then run 123 waits through a pause and a drain, and is served. Somebody
 * else's run is in another profile.
 */
beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 2, mac: 1 } });
  service = await startService({ monitors: [monitor] });
  const by = (path: string) => act(service.url, `${path}by=ann`);
  await by("/monitors/ci0/drain?note=long%20over&");
  await by("/monitors/ci0/resume?");
  const early = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "early", runId: "1" });
  await takeUntilDone(service.url, "early", early);
  await by("/profiles/linux/pause?note=kernel%20update&");
  const job = { profile: "linux", uniqueId: "job-of-123", runId: "123", repo: "me/mine" };
  const ticket = await enqueueForTicket(service.url, job);
  await by("/profiles/mac/pause?note=nobody's%20business&");
  await by("/monitors/ci0/drain?note=new%20disk&");
  await by("/profiles/linux/resume?");
  await by("/monitors/ci0/resume?note=disk%20is%20in&");
  await takeUntilDone(service.url, "job-of-123", ticket);
  await by("/monitors/ci0/drain?note=too%20late%20to%20matter&");
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

/** Without the columns of time. */
async function story(...args: string[]): Promise<readonly string[]> {
  const [head = "", ...lines] = await linesOf(service.url, "history", ...args);
  expect(head).toMatch(/^TIME +AGO +PROFILE +WHAT +JOB +REPOSITORY +RUN +WAITED +DETAILS$/);
  const times = lines.map((line) => line.slice(0, 20));
  for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  expect(times).toEqual(times.toSorted());
  return lines.map((line) =>
    line
      .slice(head.indexOf("PROFILE"))
      .replaceAll(/ +/g, " ")
      .replace(/\d+ s\b/, "n s"),
  );
}

const storyOf123 = [
  "linux paused - - - - by ann: kernel update",
  "linux queued job-of-123 me/mine 123 n s",
  "linux drained - - - - ci0 by ann: new disk",
  "linux unpaused - - - - by ann",
  "linux resumed - - - - ci0 by ann: disk is in",
  "linux claimed job-of-123 me/mine 123 n s asked ci0",
  expect.stringMatching(/^linux taken job-of-123 me\/mine 123 n s got ci0\/\d+$/),
];

test("history --run tells in order how long it waited, which monitors were asked, which runners it got, and what operators did meanwhile", async () => {
  expect(await story("--run", "123")).toEqual(storyOf123);
  expect(await story("--run", "123", "--since", "10m")).toEqual(storyOf123);
});

test("--repo and --id tell the same story, --profile and no narrowing at all the whole one, --limit the end of it", async () => {
  expect(await story("--repo", "ME/mine")).toEqual(storyOf123);
  expect(await story("--id", "job-of-123")).toEqual(storyOf123);
  const whole = await story("--profile", "linux");
  expect(whole).toHaveLength(storyOf123.length + 6);
  expect(whole.at(-1)).toBe("linux drained - - - - ci0 by ann: too late to matter");
  expect(await story("--profile", "linux", "--limit", "2")).toEqual(whole.slice(-2));
  // A drain is an entry in each profile of the monitor.
  expect((await story()).filter((line) => line.includes("nobody's business") || line.startsWith("linux"))).toHaveLength(
    whole.length + 1,
  );
});

test("what nobody knows of is said to be unknown, and is no failure", async () => {
  for (const args of [
    ["--run", "999"],
    ["--profile", "beos"],
  ]) {
    expect(await linesOf(service.url, "history", ...args)).toEqual([
      "Nothing of that kind happened, as far as the queue remembers.",
    ]);
  }
});

test("--json gives the queue's entries, newest first, narrowed the same way", async () => {
  const { entries } = await documentOf<{ entries: Entry[] }>(service.url, "history", "--run", "123", "--since", "10m");
  expect(entries.map(({ what }) => what)).toEqual(["taken", "claimed", "queued"]);
  expect(entries[1]).toMatchObject({ unique_id: "job-of-123", monitors: ["ci0"], attempts: 1 });
});

test("--since leaves out what is older by the queue's clock, in tables, stories and JSON, and asks for all that is kept", async () => {
  const { entries } = await documentOf<{ entries: Entry[] }>(service.url, "history");
  const taken = entries.find(({ what, run_id }) => what === "taken" && run_id === "123")?.at ?? "";
  const recent = entries.filter(({ at }) => at >= taken);
  const tenMinutesOn = new Date(Date.parse(taken) + 600_000).toISOString();
  await using later = await startMeddler(service.url, {
    reply: (reply) => ({ ...reply, headers: { ...reply.headers, date: tenMinutesOn } }),
  });
  const since = async (span: string) =>
    (await documentOf<{ entries: Entry[] }>(later.url, "history", "--since", span)).entries;
  expect(await since("10m")).toEqual(recent);
  expect(await since("11m")).toEqual(entries);
  expect((await linesOf(later.url, "history", "--since", "10m")).slice(1)).toHaveLength(recent.length);
  expect(later.passed.map(({ path }) => path)).toEqual(Array(3).fill("/history.json?limit=2000"));
  const told = (await linesOf(later.url, "history", "--run", "123", "--since", "10m")).join("\n");
  expect(told).toMatch(/ taken +job-of-123 /);
  expect(told).not.toMatch(/ queued +job-of-123 /);
});

const nothing = { unique_id: null, qualified_repo: null, run_id: null, runner_count: null, attempts: null };
const plain = {
  ...nothing,
  profile_key: "linux",
  waited_ms: null,
  monitors: [],
  runners: [],
  runner_names: [],
  by: null,
  note: null,
  until: null,
};

/** Something that happened at a minute of some day. */
function entry(minute: number, what: string, more: Partial<Entry> = {}): Entry {
  return { ...plain, at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(), what, ...more };
}

test("acts that were in force when a job came belong to its story; those of another time, ended or lapsed, do not", () => {
  const ci0 = { by: "ann", monitors: ["ci0"] };
  const ci1 = { by: "ann", monitors: ["ci1"] };
  const ended = [entry(1, "drained", ci0), entry(2, "resumed", ci0), entry(3, "paused"), entry(4, "unpaused")];
  const lapsed = entry(4, "drained", { ...ci0, until: entry(9, "").at });
  const before = entry(5, "drained", { ...ci1, until: entry(30, "").at });
  const queued = entry(10, "queued", { unique_id: "j" });
  const during = entry(10, "resumed", ci1);
  const taken = entry(10, "taken", { unique_id: "j" });
  const after = entry(11, "paused");
  const others = entry(10, "queued", { unique_id: "another" });
  const all = [...ended, lapsed, before, queued, others, during, taken, after].reverse();
  // In the queue's own order, also within one moment.
  expect(tellStory([taken, queued], all)).toEqual([taken, during, queued, before]);
  // It waits still: what is done now matters.
  expect(tellStory([queued], all)).toEqual([after, during, queued, before]);
  expect(tellStory([], all)).toEqual([]);
  // The history forgot its beginning between two requests.
  expect(tellStory([taken, queued], [after, taken, during])).toEqual([taken, during, queued]);
});
