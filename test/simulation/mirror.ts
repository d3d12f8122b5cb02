// What a store holds, as told by the commits that it wrote. Nothing is read from the store itself,
// but after a loss: so a check can see a store that forgets, and knows how it was the moment before
// each commit.
import type { Act } from "../../src/queue/acts.ts";
import { type FleetRow, noSnapshot, noTakes, type Takes } from "../../src/queue/fleet/fleet.ts";
import { hasOpenLeg, isOpen, isOver, type Job } from "../../src/queue/job/job.ts";
import type { CommitPart, FleetWrite, Loaded } from "../../src/queue/store.ts";

export interface MirroredRow extends FleetRow {
  /** runners that claims took there, and when: counted from the jobs, and not by the row */
  readonly taken: readonly (readonly [at: number, runners: number])[];
  /** which of the row's two documents were told, or are known not to be there */
  readonly knows: Readonly<Record<FleetWrite["kind"], boolean>>;
}

/** One profile. Jobs and rows in it are replaced and never changed. */
export interface Mirror {
  /** jobs that live, or are over while a monitor may still be at work for them */
  readonly live: Map<string, Job>;
  readonly over: Map<string, Job>;
  readonly rows: Map<string, MirroredRow>;
  paused: Act | null;
  /** since when the store knows everything, on its clock; null: nobody told */
  lostAt: number | null;
}

/** A job as a part found it, and as it left it. Undefined: nobody told how it was. */
export interface Moved {
  readonly before: Job | null | undefined;
  readonly after: Job | null;
}

/** Older than any snapshot that counts. */
const maxTakenMs = 120_000;

export function createMirror(): Mirror {
  return { live: new Map(), over: new Map(), rows: new Map(), paused: null, lostAt: null };
}

/** What a store still has after a loss. Jobs that are over stay untold. */
export function mirrorOfKept({ listed, fleet, head }: Pick<Loaded, "listed" | "fleet" | "head">): Mirror {
  const mirror = createMirror();
  for (const { job } of listed) mirror.live.set(job.uniqueId, job);
  for (const { kind, monitor, value } of fleet) {
    if (value === null) continue;
    const known = mirror.rows.get(monitor) ?? { ...noSnapshot, ...noTakes, taken: [], knows: allOfRow };
    mirror.rows.set(monitor, { ...known, ...value, ...(kind === "takes" && { taken: (value as Takes).settled }) });
  }
  return { ...mirror, paused: head.paused };
}

const allOfRow = { snapshot: true, takes: true } as const;

export function copyMirror({ live, over, rows, ...rest }: Mirror): Mirror {
  return { ...rest, live: new Map(live), over: new Map(over), rows: new Map(rows) };
}

export function findJob({ live, over }: Mirror, uniqueId: string): Job | undefined {
  return live.get(uniqueId) ?? over.get(uniqueId);
}

/** How the jobs of a part were before it. */
export function movesOf(mirror: Mirror, part: CommitPart): readonly Moved[] {
  return part.jobs.map(({ uniqueId, expected, after }) => ({
    before: expected === "" ? null : findJob(mirror, uniqueId),
    after,
  }));
}

/** Takes in what a part wrote. */
export function applyPart(mirror: Mirror, part: CommitPart): void {
  for (const write of part.fleet) applyRow(mirror.rows, write);
  for (const { before, after } of movesOf(mirror, part)) {
    if (before && after) noteTaken(mirror.rows, before, after, part.loadedAt);
  }
  for (const { uniqueId, after } of part.jobs) {
    mirror.live.delete(uniqueId);
    mirror.over.delete(uniqueId);
    if (after !== null) (isOver(after.state) && !hasOpenLeg(after) ? mirror.over : mirror.live).set(uniqueId, after);
  }
  for (const [uniqueId, { forgetAt = Number.POSITIVE_INFINITY }] of mirror.over) {
    if (forgetAt > part.loadedAt) break;
    mirror.over.delete(uniqueId);
  }
  for (const write of part.head) if (write.part === "paused") mirror.paused = write.after as Act | null;
}

function applyRow(rows: Map<string, MirroredRow>, { kind, monitor, expected, value }: FleetWrite): void {
  if (value === null) {
    rows.delete(monitor);
    return;
  }
  const isNew = expected === "" && kind === "snapshot";
  const known = rows.get(monitor) ?? { ...noSnapshot, ...noTakes, taken: [], knows: { snapshot: isNew, takes: isNew } };
  rows.set(monitor, { ...known, ...value, knows: { ...known.knows, [kind]: true } });
}

/** Whether all of a row was told: after a loss that kept something it may not be. */
export function isKnown({ knows }: MirroredRow): boolean {
  return knows.snapshot && knows.takes;
}

/** What was taken before the clock was set cannot be told from what was taken since. */
export function forgetTaken({ rows }: Mirror): void {
  for (const [monitor, row] of rows) rows.set(monitor, { ...row, taken: [] });
}

/** A leg was open, and its runners came. */
function noteTaken(rows: Map<string, MirroredRow>, before: Job, after: Job, now: number): void {
  // a job that is over keeps no claim
  if (before.claim === undefined || (after.claim !== undefined && before.claim.id !== after.claim.id)) return;
  for (const leg of before.claim.legs) {
    const legAfter = after.claim?.legs.find(({ monitor }) => monitor === leg.monitor);
    const isTaken = legAfter === undefined ? after.state === "taken" : legAfter.state === "taken";
    const runners = countNamed(after, leg.monitor) - countNamed(before, leg.monitor);
    const row = rows.get(leg.monitor);
    if (!isOpen(leg) || !isTaken || runners <= 0 || row === undefined) continue;
    const taken = [...row.taken.filter(([at]) => at > now - maxTakenMs), [now, runners] as const];
    rows.set(leg.monitor, { ...row, taken });
  }
}

/** Runners of a monitor that the job ever had. */
function countNamed({ runnersInHand = [], spentRunners = [] }: Job, monitor: string): number {
  const names = [...runnersInHand.map((one) => `${one.monitor}/${one.id}`), ...spentRunners];
  return new Set(names.filter((name) => name.startsWith(`${monitor}/`))).size;
}
