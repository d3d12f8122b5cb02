// The store of a small world: the embedded one, made anew from what is kept whenever somebody calls
// it, so that a world is copied by copying a map.
import { FleetHeld } from "../../../src/dispatch/running/fleet-held.ts";
import { Round } from "../../../src/dispatch/running/round.ts";
import { Capacity } from "../../../src/queue/fleet/capacity.ts";
import { noSnapshot, noTakes, type Snapshot, type Takes } from "../../../src/queue/fleet/fleet.ts";
import { hasOpenLeg, type Job } from "../../../src/queue/job/job.ts";
import type { Operation, ProfileHead } from "../../../src/queue/profile.ts";
import type { CommitPart, Loaded, PartResult, Store } from "../../../src/queue/store.ts";
import { createEmbeddedStore } from "../../../src/store/embedded/embedded-store.ts";
import type { Persistence } from "../../../src/store/embedded/persistence.ts";
import type { Happening } from "../happening.ts";
import { watchStore } from "../watched-store.ts";
import { type Pending, type World, worldSettings } from "./small-world.ts";

export const profileKey = "p";
const prefix = `profile/${profileKey}/`;

export interface OpenStore {
  readonly store: Store;
  readonly kept: Map<string, unknown>;
}

export function openStore(
  world: Pick<World, "kept" | "now" | "plan">,
  tell: (happening: Happening) => void,
): OpenStore {
  const { plan, now } = world;
  const kept = new Map(world.kept);
  const persistence: Persistence = {
    transact: (work) => work(),
    // nobody reads the history here
    put: (key, value) => void (key.startsWith(`${prefix}history/`) || kept.set(key, value)),
    remove: (key) => void kept.delete(key),
    entries: function* (start) {
      for (const [key, value] of kept) if (key.startsWith(start)) yield [key.slice(start.length), value] as const;
    },
  };
  const embedded = createEmbeddedStore(worldSettings, () => now, persistence, "one life");
  const store = watchStore(embedded, () => now, Object.keys(plan.monitors), tell);
  return { store, kept };
}

export interface Made {
  readonly answer: unknown;
  readonly part?: CommitPart;
  readonly wake: readonly string[];
}

/** What an instance decides on what the store holds now. */
export function decide(world: World, { store }: OpenStore, owner: string, operation: Operation<unknown>): Made {
  const settings = worldSettings;
  const held = new FleetHeld(new Capacity(settings.snapshotFreshMs), settings);
  const loaded = store.load(Round.requestOf(profileKey, [operation], held, settings)) as Loaded;
  held.update(loaded, 0);
  const newCommitId = () => `commit-${world.commits}`;
  const round = new Round(profileKey, loaded, held, {
    settings,
    policy: world.plan.policy,
    owner,
    canReach: () => true,
    servedSince: 0,
    clockSince: 0,
    epochSeenAt: 0,
    newCommitId,
  });
  const { answer, part } = round.decide(operation);
  return { answer, wake: round.whomToWake(), ...(part !== undefined && { part }) };
}

/** Writes a part; one that was written is not written again. */
export function commit(world: World, { store }: OpenStore, part: CommitPart, wake: readonly string[]): PartResult {
  if (world.remembered.has(part.id)) return "done";
  return (store.commit(profileKey, [part], wake) as readonly PartResult[])[0] ?? "conflict";
}

interface KeptJob {
  readonly stored: { readonly job: Job; readonly revision: string };
  readonly dueAt: number | null;
}

export function keptJobs(world: Pick<World, "kept">): readonly KeptJob[] {
  return [...world.kept].flatMap(([key, value]) => (key.startsWith(`${prefix}job/`) ? [value as KeptJob] : []));
}

export function findKeptJob(world: Pick<World, "kept">, uniqueId: string): KeptJob | undefined {
  return world.kept.get(`${prefix}job/${uniqueId}`) as KeptJob | undefined;
}

export interface KeptRow {
  readonly snapshot: Snapshot;
  readonly takes: Takes;
  readonly revisions: Readonly<Record<"snapshot" | "takes", string>>;
}

export function findKeptRow(world: Pick<World, "kept">, monitor: string): KeptRow {
  const read = (kind: string) =>
    world.kept.get(`${prefix}fleet/${kind}/${monitor}`) as { document: { value: never; revision: string } } | undefined;
  const [snapshot, takes] = [read("snapshot"), read("takes")];
  return {
    snapshot: snapshot?.document.value ?? noSnapshot,
    takes: takes?.document.value ?? noTakes,
    revisions: { snapshot: snapshot?.document.revision ?? "", takes: takes?.document.revision ?? "" },
  };
}

export function keptHead(world: Pick<World, "kept">): { readonly room: number; readonly head: ProfileHead } {
  return world.kept.get(`${prefix}head`) as { room: number; head: ProfileHead };
}

/** Jobs whose open legs are this instance's to settle. */
export function ownedJobs(world: Pick<World, "kept">, instance: string): readonly Job[] {
  const jobs = keptJobs(world).map(({ stored }) => stored.job);
  return jobs.filter((job) => hasOpenLeg(job) && job.claim?.owner === instance);
}

/** Whether all is still there that a part was decided on. Once it is not, it never is again. */
export function stillHolds(world: Pick<World, "kept">, { part }: Pick<Pending, "part">): boolean {
  const { room, head } = keptHead(world);
  const areJobsAsRead = part.jobs.every(
    ({ uniqueId, expected }) => (findKeptJob(world, uniqueId)?.stored.revision ?? "") === expected,
  );
  const areRowsAsRead = part.fleet.every(
    ({ kind, monitor, expected }) => findKeptRow(world, monitor).revisions[kind] === expected,
  );
  const isHeadAsRead = part.head.every(({ part: name, before }) => head[name] === before);
  return areJobsAsRead && areRowsAsRead && isHeadAsRead && (part.room === null || part.room === room);
}
