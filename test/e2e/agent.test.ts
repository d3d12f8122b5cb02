// The agent as people run it, between the real service and a monitor of today: a job gets its runner
// through it, whatever dies, hangs or is lost at whichever step, and never more than it asked for.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { createAgentHome } from "../support/agent-process.ts";
import { enqueue, runnerIdsIn, takeUntilDone } from "../support/client.ts";
import { untilDashboard } from "../support/dashboard-news.ts";
import { documentedExample } from "../support/documented-example.ts";
import { startLossyProxy, type Where } from "../support/lossy-proxy.ts";
import { startMonitor } from "../support/monitors.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const env = { OPERATOR_TOKENS: "operator-token-of-tests", OFFER_TTL: "2s", PULL_PRESENCE: "4s" };
let service: RunningService;
let hosts = 0;
let jobs = 0;

beforeAll(async () => {
  const monitors = Array.from({ length: 50 }, (_, at) => `h${at}=pull`).join(",");
  service = await startService({ monitors, env });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
});

/** A job of a profile that only one test's host has. */
async function inLine(profile: string, count?: number) {
  const id = `job-${++jobs}`;
  const job = { profile, uniqueId: id, repo: "o/r", runId: "1", ...(count !== undefined && { count }) };
  const { status, text } = await enqueue(service.url, job);
  expect({ status, text }).toMatchObject({ status: 200 });
  return { id, answer: takeUntilDone(service.url, id, text) };
}

/** A monitor whose reservations are counted, and what starts its agents. */
async function bridged(runners = 2) {
  const name = `h${hosts++}`;
  const monitor = await startMonitor({ name, profiles: { [name]: runners } });
  const reserved: string[] = [];
  monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
  const home = await createAgentHome();
  const proxy = await startLossyProxy(service.url);
  const start = () => home.start(proxy.url, name, ["--monitor", monitor.url]);
  const startKnown = async () => {
    const agent = start();
    await agent.onLine(/the queue answers/);
    return agent;
  };
  /** The job's answer is what the monitor holds for it, and nothing was ever reserved beside that. */
  const expectServed = async ({ id, answer }: Awaited<ReturnType<typeof inLine>>, count = 1) => {
    const ids = runnerIdsIn(await answer);
    expect(ids).toHaveLength(count);
    expect(ids).toEqual(monitor.reservedFor(id).map((runner) => runner.id));
    expect(reserved.filter((uniqueId) => uniqueId === id)).toHaveLength(count);
  };
  return { name, monitor, home, proxy, start, startKnown, expectServed };
}

describe("in front of a monitor of today", () => {
  it("a job gets its runner and a gang gets all of its; SIGTERM ends the agent with 0", async () => {
    const { name, startKnown, expectServed } = await bridged(4);
    const agent = await startKnown();
    await expectServed(await inLine(name));
    await expectServed(await inLine(name, 3), 3);
    agent.send("SIGTERM");
    expect(await agent.ended).toBe(0);
  });

  it("a take that got no clear answer is settled by what the monitor shows", async () => {
    const faults = ["nullButLabelled", "error500Labelled", "resetAfterLabel", "wrongShape", "hugeBody"] as const;
    const { name, monitor, startKnown, expectServed } = await bridged(faults.length);
    await startKnown();
    for (const take of faults) {
      monitor.faults = { ...monitor.faults, take, times: 1 };
      await expectServed(await inLine(name));
    }
  });

  it("a take that reserved nothing costs the job a moment, and it is served", async () => {
    const faults = ["refuseNull", "error500", "unauthorized"] as const;
    const { name, monitor, startKnown, expectServed } = await bridged(faults.length);
    await startKnown();
    for (const take of faults) {
      monitor.faults = { ...monitor.faults, take, times: 1 };
      await expectServed(await inLine(name));
    }
  });
});

it("what is lost once costs a repetition: each request, and each reply", async () => {
  const calls = [/fetch\?wait=[1-9]/, /accept/, /settle/];
  const losses = calls.flatMap((path) => (["request", "reply"] as const).map((where) => ({ path, where })));
  const { name, proxy, startKnown, expectServed } = await bridged(losses.length + 1);
  await startKnown();
  for (const { path, where } of losses) {
    const lost = proxy.loseNext(path, where);
    await expectServed(await inLine(name));
    await lost;
  }
  const answered = proxy.answerNext(/accept/, 503, {});
  await expectServed(await inLine(name));
  await answered;
});

it.each([
  [404, "monitor_unknown"],
  [403, "bearer_unknown"],
  [413, "snapshot_too_large"],
])(
  "an instance that says %i %s to a settle is asked again: the runner is reserved, and it is the job's",
  async (status, code) => {
    const { name, proxy, startKnown, expectServed } = await bridged();
    const refuse = (path: RegExp) => proxy.answerNext(path, status, {}, JSON.stringify({ code }));
    await startKnown();
    const job = await inLine(name);
    const offered = proxy.holdNext(/accept/, "request");
    const call = await offered;
    const refused = [refuse(/fetch/), refuse(/settle/)];
    call.release();
    await Promise.all(refused);
    await expectServed(job);
  },
);

describe("killed with -9 and started again", () => {
  it("at each of its calls, before the queue hears it and before its answer is there", async () => {
    const steps: { path: RegExp; where: Where }[] = [
      { path: /fetch\?wait=[1-9]/, where: "reply" },
      { path: /accept/, where: "request" },
      { path: /accept/, where: "reply" },
      { path: /settle/, where: "request" },
      { path: /settle/, where: "reply" },
    ];
    const { name, proxy, startKnown, expectServed } = await bridged(steps.length);
    let agent = await startKnown();
    for (const { path, where } of steps) {
      const held = proxy.holdNext(path, where);
      const job = await inLine(name);
      await held;
      await agent.kill9();
      agent = await startKnown();
      await expectServed(job);
    }
  });

  it("while the monitor has reserved, and its answer is on the way", async () => {
    const { name, monitor, startKnown, expectServed } = await bridged();
    const agent = await startKnown();
    monitor.faults = { ...monitor.faults, take: "hangButLabelled", times: 1 };
    const reserving = nextReserved(monitor);
    const job = await inLine(name);
    await reserving;
    await agent.kill9();
    await startKnown();
    await expectServed(job);
  });

  it("while the take waits for the monitor's thread, which works on it when the agent is long gone", async () => {
    const { name, monitor, startKnown, expectServed } = await bridged(3);
    const agent = await startKnown();
    monitor.habits.takeMs = 1_500;
    const other = fetch(`${monitor.url}/profile/${name}/take?unique_id=other&qualified_repo=o/r&run_id=1`, {
      method: "POST",
      headers: { authorization: `Bearer ${monitorToken}` },
    });
    await nextReserved(monitor);
    const received = new Promise<void>((resolve) => {
      monitor.onTake(() => resolve());
    });
    const job = await inLine(name);
    await received;
    await agent.kill9();
    expect(monitor.reservedFor(job.id)).toEqual([]);
    await startKnown();
    await expectServed(job);
    await other;
  });
});

describe("paused, doubled, refused", () => {
  it("an agent that is stopped between its accept and its reserve reserves nothing when it wakes up too late", async () => {
    const { name, monitor, proxy, startKnown, expectServed } = await bridged();
    const agent = await startKnown();
    const held = proxy.holdNext(/accept/, "reply");
    const job = await inLine(name);
    const accepted = await held;
    agent.send("SIGSTOP");
    accepted.release();
    // longer than begin_within_ms: what is tested is the time itself
    await delay(2_500);
    expect(monitor.takes).toEqual([]);
    agent.send("SIGCONT");
    await agent.onLine(/nothing is reserved/);
    await expectServed(job);
    expect(monitor.takes).toHaveLength(1);
  });

  it("a second agent with the same notes ends with 3 at once, and the first goes on", async () => {
    const { name, start, startKnown, expectServed } = await bridged();
    await startKnown();
    const second = start();
    expect(await second.ended).toBe(3);
    expect(second.lines.join()).toContain("another agent has the notes");
    await expectServed(await inLine(name));
  });

  it("where a second one has notes of its own, the queue tells the first to stop, and it ends with 3", async () => {
    const { name, monitor, proxy, startKnown, expectServed } = await bridged();
    const first = await startKnown();
    const second = (await createAgentHome()).start(proxy.url, name, ["--monitor", monitor.url]);
    await second.onLine(/the queue answers/);
    expect(await first.ended).toBe(3);
    await expectServed(await inLine(name));
  });

  it("--once: one fetch, what it brings is seen through, and exit code 0", async () => {
    const { name, monitor, home, proxy, startKnown, expectServed } = await bridged();
    const agent = await startKnown();
    agent.send("SIGTERM");
    await agent.ended;
    const once = home.start(proxy.url, name, ["--monitor", monitor.url, "--once"]);
    await expectServed(await inLine(name));
    expect(await once.ended).toBe(0);
  });

  it("a queue that refuses it is said in the log, and with --once the exit code is 1", async () => {
    const { home, proxy, monitor } = await bridged();
    const agent = home.start(proxy.url, "nobody", ["--monitor", monitor.url, "--once"]);
    expect(await agent.ended).toBe(1);
    expect(agent.lines.join("\n")).toMatch(/the queue refuses us: status 404, monitor_unknown/);
    expect(agent.lines.join("\n")).not.toContain(monitorToken);
  });
});

function nextReserved(monitor: Awaited<ReturnType<typeof startMonitor>>): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = monitor.onReserved(() => {
      unsubscribe();
      resolve();
    });
  });
}

describe("in front of two commands", () => {
  const examples = fileURLToPath(new URL("../../deploy/agent/", import.meta.url));

  async function withCommands(reserve: string) {
    const name = `h${hosts++}`;
    const home = await createAgentHome();
    const runners = join(home.folder, "runners");
    for (const folder of ["idle", "reserved", "busy"]) mkdirSync(join(runners, folder), { recursive: true });
    const host = ["--list", join(examples, "list.sh"), "--reserve", reserve];
    const start = () => home.start(service.url, name, host, { RUNNERS: runners, PROFILE: name });
    const startKnown = async () => {
      const agent = start();
      await agent.onLine(/the queue answers/);
      return agent;
    };
    const idsOf = (id: string) => readdirSync(join(runners, "reserved", id)).sort();
    for (const id of ["r1", "r2", "r3"]) writeFileSync(join(runners, "idle", id), "");
    return { name, runners, startKnown, idsOf, start };
  }

  it("the examples in shell serve a job and a gang", async () => {
    const { name, startKnown, idsOf } = await withCommands(join(examples, "reserve.sh"));
    await startKnown();
    const one = await inLine(name);
    expect(runnerIdsIn(await one.answer)).toEqual(idsOf(one.id));
    const gang = await inLine(name, 2);
    expect(runnerIdsIn(await gang.answer).toSorted()).toEqual(idsOf(gang.id));
    expect([...idsOf(one.id), ...idsOf(gang.id)].toSorted()).toEqual(["r1", "r2", "r3"]);
  });

  it("a reserve command that outlives its agent is waited for, and what it reserves is the job's", async () => {
    const waits = `read go < "$RUNNERS/go"; exec ${join(examples, "reserve.sh")}`;
    const { name, runners, startKnown, start, idsOf } = await withCommands(waits);
    execFileSync("mkfifo", [join(runners, "go")]);
    const agent = await startKnown();
    const job = await inLine(name);
    // opens when the command reads
    const go = await open(join(runners, "go"), "w");
    await agent.kill9();
    const second = start();
    await second.onLine(/a reserve command still runs/);
    await go.write("go\n");
    await go.close();
    expect(runnerIdsIn(await job.answer)).toEqual(idsOf(job.id));
    expect(idsOf(job.id)).toHaveLength(1);
  });
});

it("a gang has runners of a monitor that is called and of one that fetches", async () => {
  const called = await startMonitor({ name: "c0", profiles: { linux: 1 } });
  const behind = await startMonitor({ name: "h0", profiles: { linux: 1 } });
  await using mixed = await startService({ monitors: `c0=${called.url},h0=pull`, env });
  const home = await createAgentHome();
  const agent = home.start(mixed.url, "h0", ["--monitor", behind.url]);
  await agent.onLine(/the queue answers/);
  const job = { profile: "linux", uniqueId: "gang", repo: "o/r", runId: "1", count: 2 };
  const { status, text } = await enqueue(mixed.url, job);
  expect(status).toBe(200);
  const answer = await takeUntilDone(mixed.url, "gang", text);
  expect(runnerIdsIn(answer)).toHaveLength(2);
  expect([called, behind].map((monitor) => monitor.reservedFor("gang").length)).toEqual([1, 1]);
});

it("the example of docs/monitors.md serves one job after the other", async () => {
  const example = documentedExample("monitors.md", "### One that fetches, in forty lines");
  const name = `h${hosts++}`;
  const environment = { PATH: process.env.PATH ?? "", QUEUE: service.url, NAME: name, TOKEN: monitorToken };
  const child = spawn(process.execPath, ["--input-type=module", "-e", example], { stdio: "inherit", env: environment });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  const isKnown = (one: { name: string; profiles: readonly object[] }) => one.name === name && one.profiles.length > 0;
  await untilDashboard(service.url, ({ monitors }) => monitors.some(isKnown));
  const ids = runnerIdsIn(await (await inLine(name)).answer);
  const more = runnerIdsIn(await (await inLine(name)).answer);
  expect([...ids, ...more]).toEqual(["r1", "r2"]);
});
