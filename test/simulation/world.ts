// A simulated world: three instances of the queue, the store that they share, hosts with runners,
// and workflow steps, under one clock and one seed. What happens in it is told to the invariants as
// it happens.
import type { QueueEvent } from "../../src/queue/events.ts";
import { maxGapMs } from "../../src/queue/line/interruption.ts";
import { testSettings } from "../support/settings.ts";
import type { Chance } from "./chance.ts";
import { createChance } from "./chance.ts";
import { createFaultTally, type FaultTally } from "./fault-tally.ts";
import { startFetching } from "./fetching-host.ts";
import type { Happening } from "./happening.ts";
import { createHost, type Host } from "./host.ts";
import { createInstance, type Instance, type InstanceSurroundings } from "./instance.ts";
import { note, noteEnd } from "./invariants.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createMachine, type Machine, worldBeganAt } from "./machine.ts";
import type { Broken } from "./promises.ts";
import { runnersOf } from "./requests.ts";
import { createSeen, type Seen } from "./seen.ts";
import { storeName } from "./store-client.ts";
import { createStoreServer, type StoreServer } from "./store-server.ts";
import { createTrace, type Trace } from "./trace.ts";
import { watchStore } from "./watched-store.ts";
import { createWire, type Wire } from "./wire.ts";
import { createWorldTime, type WorldTime } from "./world-time.ts";

export interface World {
  readonly time: WorldTime;
  readonly trace: Trace;
  readonly wire: Wire;
  readonly tally: FaultTally;
  readonly chance: Chance;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly instances: readonly Instance[];
  readonly store: StoreKeeper;
  /** What was broken so far. */
  readonly broken: readonly Broken[];
  readonly seen: Seen;
  tell(happening: Happening): void;
  observed(event: QueueEvent): void;
  /** Who serves the next request; null: a connection is refused. */
  balance(): Instance | null;
  /** Calls back should the instance die, unless what is returned is called. */
  onCrash(instance: Instance, act: () => void): () => void;
  /** Starts an instance in a slot: its process is another one from now on. */
  startInstance(slot: number, reach: readonly string[]): void;
  crashInstance(slot: number): void;
  /** Whether somebody can be heard is looked at anew. */
  noteHearing(): void;
  /** The store's clock was set. */
  noteClockStep(): void;
  /** The store's process begins anew; a rollback loses what was written in the last `lostMs`. */
  restartStore(kind: "restart" | "rollback" | "wipe", lostMs: number): void;
  /** GitHub starts the jobs on these runners. */
  startJobs(answer: string): void;
  ended(how: string): void;
  readonly ends: ReadonlyMap<string, number>;
  /** Tells how each profile stands. */
  look(): void;
  end(): void;
}

/** The store's machine: its clock, its disk, and whether it takes commands. */
export interface StoreKeeper {
  readonly server: StoreServer;
  readonly journal: Journal;
  readonly state: StoreState;
}

export interface StoreState {
  /** why it refuses commands; null: it does not */
  refusal: string | null;
  clockOffsetMs: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly hosts: readonly {
    readonly name: string;
    readonly profiles: Readonly<Record<string, number>>;
    /** it fetches its takes */
    readonly isFetching?: boolean;
  }[];
}

const slots = [0, 1, 2] as const;

/**
 * In calm, whoever is first in line is served within UNKNOWN_HOLD, and a round, of when their
 * runners became idle.
 */
const roundMs = 60_000;
/** All may fall silent together: then nobody is abandoned for ten minutes. */
const endedWithinMs = 700_000;

export function createWorld({ seed, hosts: hostOptions }: WorldOptions): World {
  const chance = createChance(seed);
  const time = createWorldTime();
  const trace = createTrace(() => time.now);
  const wire = createWire(time, chance.stream("wire"));
  const tally = createFaultTally();
  const balancing = chance.stream("balancer");
  const github = chance.stream("github");
  const pollIntervalMs = chance.stream("settings").pick([1_000, 5_000, 5_000, 5_000]);
  const settings = testSettings({ MONITOR_POLL_INTERVAL: `${pollIntervalMs}ms` });
  const servedWithinMs = settings.unknownHoldMs + roundMs;
  const keptForMs = settings.monitorReserveTimeoutMs;
  const seen = createSeen({ settings, keptForMs, servedWithinMs, endedWithinMs });
  const broken: Broken[] = [];
  const ends = new Map<string, number>();
  const instances: Instance[] = [];
  const boots = slots.map(() => 0);
  const crashes = new Map<Instance, Set<() => void>>();
  let isHeard = true;
  let deafSince = 0;
  let steppedAt = Number.NEGATIVE_INFINITY;
  let lastLoss = "";

  const journal = createJournal(() => time.now);
  const storeState: StoreState = { refusal: null, clockOffsetMs: 0 };
  const storeClock = () => Math.floor(worldBeganAt + time.now + storeState.clockOffsetMs);
  const server = createStoreServer(settings, storeClock, journal);
  server.onWake((...wake) => {
    for (const { storeClient } of instances) storeClient.wake(...wake);
  });

  const tell = (happening: Happening): void => {
    if (happening.kind === "epoch_began" && lastLoss === "restart") tally.bit("store_restart");
    broken.push(...note(seen, happening));
  };
  const hosts = new Map<string, Host>();
  const machineOfHosts = createMachine("hosts", time);
  for (const { name, profiles } of hostOptions) {
    const hostChance = chance.stream(name);
    const habits = {
      takeMs: 800,
      redrawMs: 2_000,
      drawEveryMs: hostChance.between(1_000, 5_000),
      busyForMs: hostChance.between(20_000, 40_000),
      rebornAfterMs: 8_000,
      overrideRoute: hostChance.happens(0.8),
      answerAsList: hostChance.happens(0.7),
      reservationForm: hostChance.pick(["label", "label", "record"] as const),
    };
    const changed: Parameters<typeof createHost>[3]["changed"] = (host, change, runner, uniqueId) => {
      if (uniqueId === null) return;
      trace.note(uniqueId, () => `${host} runner ${runner}: ${change}`);
      const named = `${host}/${runner}`;
      if (change === "reserved") tell({ kind: "reserved", at: time.now, runner: named, uniqueId });
      if (change === "gone") tell({ kind: "gone", at: time.now, runner: named });
    };
    const host = createHost({ name, profiles, habits }, machineOfHosts.clock, hostChance, {
      tally,
      changed,
      note: trace.note,
    });
    hosts.set(name, host);
  }

  const surroundingsFor = (machine: Machine, reach: readonly string[]): InstanceSurroundings => ({
    time,
    trace,
    tell,
    storeLink: {
      machine,
      wire,
      tally,
      server,
      store: watchStore(server.store, () => time.now, reach, tell),
      refusal: () => storeState.refusal,
      note: (command) => trace.mix(`${machine.name} ${command}`),
    },
    monitorLink: { machine, wire, tally, hosts },
    pollIntervalMs,
    fetching: hostOptions.filter(({ isFetching }) => isFetching === true).map(({ name }) => name),
    observed: (event) => world.observed(event),
    onBug,
  });
  const onBug = (error: unknown): void => {
    broken.push({
      promise: "one_answer",
      sentence: `a 500: ${error instanceof Error ? error.stack?.split("\n").slice(0, 3).join(" ") : error}`,
    });
  };
  const world: World = {
    time,
    trace,
    wire,
    tally,
    chance,
    hosts,
    instances,
    store: { server, journal, state: storeState },
    broken,
    seen,
    ends,
    tell,
    observed: (event) => {
      if (event.kind === "interrupted" && time.now - steppedAt < 5_000) tally.bit("clock_step");
      if (event.kind === "readmitted" && lastLoss === "wipe") tally.bit("store_wipe");
      if (event.kind === "monitor_not_ours") tally.bit("restart_changed_monitors");
    },
    balance: () => {
      const chosen = instances[balancing.whole(0, instances.length - 1)];
      if (chosen?.isServing === true) return chosen;
      // a balancer takes a while to notice
      if (balancing.happens(0.2)) return null;
      const serving = instances.filter((one) => one.isServing);
      return serving[balancing.whole(0, serving.length - 1)] ?? null;
    },
    onCrash: (instance, act) => {
      const known = crashes.get(instance) ?? new Set();
      crashes.set(instance, known);
      known.add(act);
      return () => known.delete(act);
    },
    startInstance: (slot, reach) => {
      const boot = (boots[slot] ?? 0) + 1;
      boots[slot] = boot;
      const machine = createMachine(`i${slot}`, time, boot);
      trace.note(null, () => `i${slot} starts and knows ${reach.join(" ")}`);
      instances[slot] = createInstance(
        surroundingsFor(machine, reach),
        machine,
        reach,
        chance.stream(`i${slot}.${boot}`),
      );
      world.noteHearing();
    },
    crashInstance: (slot) => {
      const instance = instances[slot];
      if (instance === undefined || !instance.machine.isAlive) return;
      if (instance.openRequests > 0 || instance.isBusy) tally.bit("crash");
      trace.note(null, () => `i${slot} crashes`);
      instance.crash();
      for (const act of crashes.get(instance) ?? []) act();
      crashes.delete(instance);
      world.noteHearing();
    },
    noteHearing: () => {
      const canHear = ({ machine, isServing }: Instance) =>
        isServing && !machine.isPaused && !wire.areParted(machine.name, storeName);
      const isHeardNow = storeState.refusal === null && instances.some(canHear);
      if (isHeardNow === isHeard) return;
      isHeard = isHeardNow;
      trace.note(null, () => (isHeardNow ? "somebody can be heard" : "nobody can be heard"));
      if (!isHeardNow) deafSince = time.now;
      // deadlines leave room for a break that is too short to be noticed
      else if (time.now - deafSince > maxGapMs(settings)) {
        tell({ kind: "deaf", at: time.now });
        tell({ kind: "hearing", at: time.now });
      }
    },
    noteClockStep: () => {
      steppedAt = time.now;
      tell({ kind: "clock_set", at: time.now });
    },
    restartStore: (kind, lostMs) => {
      const since = kind === "restart" ? Number.POSITIVE_INFINITY : kind === "wipe" ? 0 : time.now - lostMs;
      trace.note(null, () => `the store begins anew: ${kind} ${Math.round(lostMs)}`);
      const lostJobs = kind === "wipe" ? 0 : journal.undoSince(since).filter((key) => key.includes("/job/")).length;
      for (let i = 0; i < lostJobs; i++) tally.bit("store_rollback");
      if (kind === "wipe") journal.wipe();
      lastLoss = kind;
      server.restart(since === 0 ? 0 : since - time.now + storeClock());
      if (kind === "restart") return;
      tell({ kind: "store_lost", at: time.now });
      for (const [profileKey, loaded] of server.readAll())
        tell({ kind: "store_kept", at: time.now, profileKey, loaded });
    },
    startJobs: (answer) => {
      for (const named of runnersOf(answer)) {
        const [host = "", id] = named.split("/");
        time.after(2_000 + github.span(12_000), () => hosts.get(host)?.pool.startJob(Number(id)));
      }
    },
    ended: (how) => {
      ends.set(how, (ends.get(how) ?? 0) + 1);
    },
    look: () => {
      const giving = [...hosts.values()].filter(
        (host) => !host.isDown && instances.every(({ reach }) => reach.includes(host.name)),
      );
      for (const profileKey of new Set([...hosts.values()].flatMap(({ profiles }) => profiles))) {
        let [idle, target] = [0, 0];
        for (const { pool } of giving) {
          target += pool.profiles().get(profileKey)?.target ?? 0;
          for (const runner of pool.runners()) if (runner.profile === profileKey && runner.state === "idle") idle += 1;
        }
        tell({ kind: "looked", at: time.now, profileKey, idle, target });
      }
    },
    end: () => {
      broken.push(...noteEnd(seen, time.now));
    },
  };
  for (const { name, isFetching } of hostOptions) {
    const host = hosts.get(name);
    if (host === undefined || isFetching !== true) continue;
    const { balance } = world;
    startFetching(
      host,
      createMachine(name, time),
      { wire, tally, trace, balance, onBug },
      chance.stream(`fetch ${name}`),
    );
  }
  return world;
}
