// A world of re-runs: runs of three jobs that get their first runners in the three ways there are,
// and are re-run again and again while GitHub's events get lost. Two instances of the production's
// dispatcher, poller and sweeper serve them, and die now and then.
import type { QueueEvent } from "../../../src/queue/events.ts";
import type { JobRequest } from "../../../src/queue/job/job.ts";
import { testSettings } from "../../support/settings.ts";
import { createChance } from "../chance.ts";
import { createFaultTally } from "../fault-tally.ts";
import { createHost, type Host } from "../host.ts";
import { createInstance, type Instance } from "../instance.ts";
import { createJournal } from "../journal.ts";
import { createMachine, worldBeganAt } from "../machine.ts";
import { createStoreServer } from "../store-server.ts";
import { createTrace } from "../trace.ts";
import { createWire } from "../wire.ts";
import { createWorldTime } from "../world-time.ts";
import { createHub, type HubJob, type HubOptions } from "./hub.ts";

export interface RerunOptions extends HubOptions {
  readonly seed: number;
  /** how many jobs are re-run in all */
  readonly reruns: number;
  /** an instance dies about this often, ms; 0: never */
  readonly crashEveryMs: number;
  readonly startWatch: "act" | "off";
  /** when the world ends at the latest, ms */
  readonly untilMs: number;
}

export interface RerunResult {
  readonly simulatedMs: number;
  /** jobs of GitHub's, and how many of them were re-runs */
  readonly jobs: number;
  readonly reruns: number;
  /** jobs of GitHub's that waited to the end */
  readonly unserved: readonly string[];
  /** runners that were reserved though nobody waited for one */
  readonly extraRunners: readonly string[];
  /** jobs that were served again after they had started */
  readonly servedTwice: readonly string[];
  /** from when a job's runner was gone until another one was reserved, ms */
  readonly replacedAfterMs: readonly number[];
  readonly questions: readonly { readonly at: number; readonly runId: string }[];
  readonly starts: { readonly lost: number; readonly dead: number; readonly late: number };
  readonly events: { readonly lost: number; readonly doubled: number };
  readonly crashes: number;
  readonly bugs: readonly unknown[];
  readonly story: (uniqueId: string) => readonly string[];
}

const jobsPerRun = 3;
const runsAtOnce = 12;
/** After the last re-run, everybody has so long, ms. */
const patienceMs = 4 * 3_600_000;

export async function runReruns(options: RerunOptions): Promise<RerunResult> {
  const { seed, reruns, hasApi, crashEveryMs, startWatch, untilMs } = options;
  const chance = createChance(seed);
  const time = createWorldTime();
  const trace = createTrace(() => time.now);
  const tally = createFaultTally();
  const wire = createWire(time, chance.stream("wire"));
  const pollIntervalMs = 1_000;
  const environment = {
    START_WATCH: startWatch,
    MAX_RESTARTS: "50",
    GITHUB_WEBHOOK_SECRETS: "a-secret-of-the-simulation",
    ...(hasApi && { GITHUB_TOKEN: "a-token-of-the-simulation" }),
  };
  const settings = testSettings({ MONITOR_POLL_INTERVAL: `${pollIntervalMs}ms`, ...environment });
  const server = createStoreServer(
    settings,
    () => Math.floor(worldBeganAt + time.now),
    createJournal(() => time.now),
  );
  const instances: Instance[] = [];
  server.onWake((...wake) => {
    for (const { storeClient } of instances) storeClient.wake(...wake);
  });
  const bugs: unknown[] = [];
  const servedTwice: string[] = [];
  let lostStarts = 0;
  const observed = (event: QueueEvent): void => {
    if (event.kind !== "start_lost") return;
    lostStarts += 1;
    const { uniqueId } = event.job;
    const hadStarted = hub.jobs.findLast((job) => job.uniqueId === uniqueId)?.state !== "queued";
    if (hadStarted && event.isServedAgain) servedTwice.push(uniqueId);
  };

  const hosts = new Map<string, Host>();
  const machineOfHosts = createMachine("hosts", time);
  for (const name of ["m0", "m1", "m2"]) {
    const habits = {
      takeMs: 800,
      redrawMs: 2_000,
      // many a job is over before a dashboard shows that it ran
      drawEveryMs: chance.pick([5_000, 30_000]),
      busyForMs: chance.pick([3_000, 8_000, 40_000]),
      rebornAfterMs: 5_000,
      overrideRoute: true,
      answerAsList: true,
    };
    const witness = {
      tally,
      note: trace.note,
      changed: (host: string, change: string, runner: number, uniqueId: string | null) => {
        if (uniqueId === null) return;
        trace.note(uniqueId, () => `${host} runner ${runner}: ${change}`);
        if (change === "reserved") hub.runnerReserved(`${host}/${runner}`, uniqueId);
        if (change === "gone") hub.runnerGone(`${host}/${runner}`);
      },
    };
    hosts.set(
      name,
      createHost({ name, profiles: { linux: 12 }, habits }, machineOfHosts.clock, chance.stream(name), witness),
    );
  }

  const hub = createHub(time, chance.stream("github"), options, {
    deliver: (news) => {
      trace.note(news.uniqueId, () => `GitHub says of ${news.job.id}, attempt ${news.job.attempt}: ${news.job.state}`);
      anyInstance()?.hear(news);
    },
    startJob: (name) => {
      const [host = "", id] = name.split("/");
      const pool = hosts.get(host)?.pool;
      const isThere = pool?.runners().some((one) => one.id === Number(id) && one.state === "reserved") === true;
      if (isThere) pool?.startJob(Number(id));
      return isThere;
    },
    completed: (job) => whenCompleted(job),
  });
  let boots = 0;
  let crashes = 0;
  const startInstance = (slot: number): void => {
    boots += 1;
    const machine = createMachine(`i${slot}`, time, boots);
    const surroundings = {
      time,
      trace,
      storeLink: { machine, wire, tally, server, store: server.store, refusal: () => null, note: () => {} },
      monitorLink: { machine, wire, tally, hosts },
      pollIntervalMs,
      tell: () => {},
      observed,
      onBug: (error: unknown) => void bugs.push(error),
      environment,
      ...(hasApi && { githubRuns: hub.apiFor(machine) }),
    };
    instances[slot] = createInstance(surroundings, machine, [...hosts.keys()], chance.stream(`i${boots}`));
  };
  const anyInstance = (): Instance | undefined => {
    const alive = instances.filter(({ machine }) => machine.isAlive);
    return alive[Math.floor(chance.next() * alive.length)];
  };
  const crashNow = (): void => {
    const slot = chance.whole(0, 1);
    if (instances[slot]?.machine.isAlive === true) {
      crashes += 1;
      trace.note(null, () => `i${slot} crashes`);
      instances[slot].crash();
      time.after(chance.between(500, 5_000), () => startInstance(slot));
    }
    time.after(chance.span(crashEveryMs), crashNow);
  };

  let [runs, started, queued] = [0, 0, 0];
  const attempts = new Map<string, number>();
  const open = new Map<string, number>();
  const ids = (runId: string) => Array.from({ length: jobsPerRun }, (_, at) => `r${runId}-j${at}`);
  const requestOf = (runId: string, uniqueId: string): JobRequest => ({
    uniqueId,
    profileKey: "linux",
    runnerCount: 1,
    qualifiedRepo: "o/r",
    runId,
  });
  /** One request, tried until somebody answers it. */
  const ask = (
    request: Parameters<Instance["serve"]>[0],
    then: (reply: { status: number; place?: number }) => void,
  ) => {
    let isDone = false;
    const again = (): void => {
      if (isDone) return;
      const callOff = time.after(30_000, again);
      anyInstance()?.serve(request, (reply) => {
        if (isDone) return;
        callOff();
        if (reply.status === 503 || reply.status === 429) return void time.after(reply.retryAfterSeconds * 1000, again);
        isDone = true;
        then(reply);
      });
    };
    again();
  };
  const queue = (runId: string, uniqueId: string, attempt: number): void => {
    queued += 1;
    hub.queue(runId, uniqueId, attempt);
  };
  const beginRun = (): void => {
    runs += 1;
    const runId = String(runs);
    attempts.set(runId, 1);
    open.set(runId, jobsPerRun);
    const [polled = "", detached = "", alone = ""] = ids(runId);
    ask({ kind: "enqueue", job: requestOf(runId, polled), isCounted: false }, ({ place = 0 }) => {
      const ticket = { ...requestOf(runId, polled), place };
      ask({ kind: "take", ticket, holdMs: 0 }, ({ status }) => {
        if (status !== 200) bugs.push(`${polled} got ${status}`);
        queue(runId, polled, 1);
      });
    });
    ask({ kind: "enqueue", job: requestOf(runId, detached), isCounted: false, isDetached: true }, () => {
      time.after(chance.between(2_000, 20_000), () => queue(runId, detached, 1));
    });
    queue(runId, alone, 1);
  };
  const whenCompleted = ({ runId }: HubJob): void => {
    const left = (open.get(runId) ?? 0) - 1;
    open.set(runId, left);
    if (left > 0) return;
    const isLast = started >= reruns || (attempts.get(runId) ?? 0) >= 6;
    const afterMs = chance.happens(0.1) ? chance.between(600_000, 3_600_000) : chance.between(3_000, 120_000);
    time.after(afterMs, () => {
      if (started >= reruns) return;
      if (isLast) return beginRun();
      const attempt = (attempts.get(runId) ?? 0) + 1;
      attempts.set(runId, attempt);
      const chosen = ids(runId).filter(() => chance.happens(0.6));
      const again = chosen.length === 0 ? ids(runId).slice(0, 1) : chosen;
      open.set(runId, again.length);
      for (const uniqueId of ids(runId)) {
        if (!again.includes(uniqueId)) hub.carryOver(runId, uniqueId, attempt);
        else {
          started += 1;
          queue(runId, uniqueId, attempt);
        }
      }
    });
  };

  for (const slot of [0, 1]) time.after(slot * 500, () => startInstance(slot));
  for (let n = 0; n < runsAtOnce; n++) time.after(10_000 + n * 2_000, beginRun);
  if (crashEveryMs > 0) time.after(60_000, crashNow);
  let lastAt: number | null = null;
  const isAllDone = () => queued > 0 && hub.jobs.every(({ state }) => state === "completed");
  while (time.now < Math.min(untilMs, (lastAt ?? untilMs) + patienceMs) && !(started >= reruns && isAllDone())) {
    await time.runUntil(time.now + 10_000);
    if (started >= reruns) lastAt ??= time.now;
  }
  // runners that were reserved for nobody are gone by now
  await time.runUntil(time.now + 180_000);
  return {
    simulatedMs: time.now,
    jobs: queued,
    reruns: started,
    unserved: hub.jobs.filter(({ state }) => state !== "completed").map(({ id, uniqueId }) => `${uniqueId} (${id})`),
    extraRunners: hub.idleRunners,
    servedTwice,
    replacedAfterMs: hub.replacedAfterMs,
    questions: hub.questions,
    starts: { lost: lostStarts, dead: hub.tally.deadRunners, late: hub.tally.lateStarts },
    events: { lost: hub.tally.lost, doubled: hub.tally.doubled },
    crashes,
    bugs,
    story: (uniqueId) => trace.story([uniqueId]),
  };
}
