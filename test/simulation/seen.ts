// All that the invariants remember of a run, as plain data: what each client heard, what is
// reserved, what the store holds.
import type { Ticket } from "../../src/queue/job/job.ts";
import type { QueueSettings } from "../../src/queue/settings.ts";
import { copyMirror, createMirror, type Mirror } from "./mirror.ts";
import type { PromiseName } from "./promises.ts";

/** How long things may take, true time, ms. */
export interface Limits {
  readonly settings: QueueSettings;
  /** a monitor destroys a reserved runner that nobody used after this */
  readonly keptForMs: number;
  /** in calm, who is first in line is served within this of when its runners became idle */
  readonly servedWithinMs: number;
  /** a job of which nobody heard for this long is over */
  readonly endedWithinMs: number;
}

/** A client of the run: what it was told about its job. */
export interface Client {
  readonly ticket: Ticket;
  /**
   * since when its id lives without an end; a second ticket of a job that the store had lost is of
   * the same life
   */
  readonly bornAt: number;
  readonly isEnded: boolean;
  /** when it was heard last, and until when it is present if it keeps to what it was told */
  readonly heardAt: number;
  readonly presentUntil: number;
  readonly isHeld: boolean;
  /** since when it was given its answer, and since when its job is over; null: not so far */
  readonly answeredAt: number | null;
  readonly bytes: string | null;
  readonly overAt: number | null;
}

export interface Reservation {
  readonly uniqueId: string;
  readonly at: number;
  readonly isLive: boolean;
}

/** All that the checks remember of a run. What is in the maps is replaced and never changed. */
export interface Seen {
  readonly limits: Limits;
  /** by "uniqueId@place" */
  readonly clients: Map<string, Client>;
  /** those whose job is not over */
  readonly open: Set<string>;
  /** the newest ticket of each id */
  readonly newest: Map<string, string>;
  readonly reservations: Map<string, Reservation>;
  /** by profile */
  readonly mirrors: Map<string, Mirror>;
  /** the first in line while its runners are idle, and since when, by profile */
  readonly waiting: Map<string, { readonly key: string; readonly since: number }>;
  readonly looks: Map<PromiseName, number>;
  hearingSince: number;
  calmSince: number | null;
}

export function createSeen(limits: Limits): Seen {
  return {
    limits,
    clients: new Map(),
    open: new Set(),
    newest: new Map(),
    reservations: new Map(),
    mirrors: new Map(),
    waiting: new Map(),
    looks: new Map(),
    hearingSince: 0,
    calmSince: 0,
  };
}

/** A copy: what is noted in one does not change the other. */
export function copySeen({
  limits,
  clients,
  open,
  newest,
  reservations,
  mirrors,
  waiting,
  looks,
  ...rest
}: Seen): Seen {
  return {
    ...rest,
    limits,
    clients: new Map(clients),
    open: new Set(open),
    newest: new Map(newest),
    reservations: new Map(reservations),
    mirrors: new Map([...mirrors].map(([profileKey, mirror]) => [profileKey, copyMirror(mirror)])),
    waiting: new Map(waiting),
    // counted over all copies
    looks,
  };
}

export function keyOf({ uniqueId, place }: Pick<Ticket, "uniqueId" | "place">): string {
  return `${uniqueId}@${place}`;
}

/** Changes what is known of a client, where it is known. */
export function change(seen: Seen, key: string, changed: Partial<Client>): void {
  const known = seen.clients.get(key);
  if (known === undefined) return;
  const client = { ...known, ...changed };
  seen.clients.set(key, client);
  if (client.isEnded) seen.open.delete(key);
  else seen.open.add(key);
}

export function mirrorOf(seen: Seen, profileKey: string): Mirror {
  const mirror = seen.mirrors.get(profileKey) ?? createMirror();
  seen.mirrors.set(profileKey, mirror);
  return mirror;
}

export const nothingHeard = { answeredAt: null, bytes: null, overAt: null };
