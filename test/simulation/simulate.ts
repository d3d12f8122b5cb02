// Runs a simulated world from a seed to its end, and says what came of it.

import type { Chance } from "./chance.ts";
import type { FaultKind } from "./fault-tally.ts";
import { createMachine } from "./machine.ts";
import type { Broken } from "./promises.ts";
import { startStorm, type TroubleName, troubleNames } from "./storms.ts";
import { type StepHabits, startStep } from "./workflow-step.ts";
import { createWorld, type World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly jobsPerHour: number;
  /** what may go wrong; by default all there is */
  readonly troubles?: readonly TroubleName[];
  /** hosts that fetch their takes; by default none */
  readonly fetching?: readonly string[];
}

export interface SimulationResult {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly jobs: number;
  readonly hash: string;
  readonly broken: readonly Broken[];
  /** of the job that a broken promise is about */
  readonly story: readonly string[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** how steps ended */
  readonly ends: Readonly<Record<string, number>>;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, minutes, jobsPerHour, troubles, fetching = [] } = options;
  const hosts = [
    { name: "m0", profiles: { linux: 3, mac: 1 } },
    { name: "m1", profiles: { linux: 3 } },
    { name: "m2", profiles: { linux: 2, mac: 1 } },
    { name: "m3", profiles: { linux: 2 } },
  ].map((host) => ({ ...host, isFetching: fetching.includes(host.name) }));
  const world = createWorld({ seed, hosts });
  const { time } = world;
  const reach = hosts.map(({ name }) => name);
  for (const slot of [0, 1, 2]) time.after(slot * 500, () => world.startInstance(slot, reach));
  const endAt = minutes * 60_000;
  const jobs = planJobs(world, jobsPerHour, 10_000, endAt - 240_000);
  planStorms(world, 60_000, endAt - 400_000, troubles ?? troubleNames);
  const look = (): void => {
    world.look();
    time.after(2_000, look);
  };
  time.after(20_000, look);
  while (time.now < endAt && world.broken.length === 0) await time.runUntil(Math.min(endAt, time.now + 5_000));
  if (world.broken.length === 0) world.end();
  return {
    seed,
    simulatedMs: time.now,
    events: time.events,
    jobs: jobs(),
    hash: world.trace.hash(),
    broken: world.broken,
    story: storyOf(world),
    faults: world.tally.counts,
    ends: Object.fromEntries(world.ends),
  };
}

/** Storms, and calm in between for long enough that everybody must be served. */
function planStorms(world: World, from: number, until: number, allowed: readonly TroubleName[]): void {
  const chance = world.chance.stream("storms");
  let storms = 0;
  const next = (): void => {
    const durationMs = chance.between(120_000, 300_000);
    if (world.time.now + durationMs > until) return;
    storms += 1;
    startStorm(world, chance.stream(`storm ${storms}`), durationMs, allowed);
    world.time.after(durationMs + chance.between(200_000, 300_000), next);
  };
  if (allowed.length > 0) world.time.after(from, next);
}

/** Steps come in bursts, as workflows do: several jobs of one run at once. */
function planJobs(world: World, jobsPerHour: number, from: number, until: number): () => number {
  const chance = world.chance.stream("steps");
  let runs = 0;
  let jobs = 0;
  const meanBurst = 3;
  const next = (): void => {
    if (world.time.now >= until) return;
    runs += 1;
    const size = 1 + Math.min(20, Math.floor(chance.span(meanBurst - 1)));
    for (let i = 0; i < size; i++) {
      jobs += 1;
      const profileKey = chance.happens(0.85) ? "linux" : "mac";
      const runnerCount = profileKey === "mac" ? 1 : chance.pick([1, 1, 1, 1, 1, 1, 2, 2, 3]);
      const uniqueId = `r${runs}-j${i}`;
      const job = { uniqueId, profileKey, runnerCount, qualifiedRepo: "o/r", runId: String(runs) };
      const habits = habitsOf(chance);
      const own = chance.stream(uniqueId);
      world.time.after(chance.between(0, 2_000), () =>
        startStep(world, createMachine(`c-${uniqueId}`, world.time), job, habits, own),
      );
    }
    world.time.after(chance.span((meanBurst * 3_600_000) / jobsPerHour), next);
  };
  world.time.after(from, next);
  return () => jobs;
}

function habitsOf(chance: Chance): StepHabits {
  return {
    holdMs: chance.happens(0.5) ? 25_000 : 0,
    cancelledAfterMs: chance.happens(0.1) ? chance.span(60_000) : null,
    saysSo: chance.happens(0.5),
    sleepsForMs: chance.happens(0.1) ? chance.between(5_000, 28_000) : 0,
    asksAgain: chance.happens(0.1),
    isCounted: chance.happens(0.3),
  };
}

/** The story of the jobs that the first broken promise names. */
function storyOf({ broken, trace }: World): readonly string[] {
  const [first] = broken;
  const ids = [...new Set(first?.sentence.match(/\br\d+-j\d+\b/g) ?? [])];
  return trace.story(ids);
}
