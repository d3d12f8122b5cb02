// How much a fleet can give, worked out once per change and not per poll.
//
// A total carries the time until which it holds: snapshots go stale, back-offs and drains end, legs
// stop counting. Until then a poll reads one number, however many monitors there are. A changed row
// changes the total by its own part.

import { clockToleranceMs, rejectedBackoffMs, targetMemoryMs } from "../settings.ts";
import {
  availableRunners,
  claimedRunners,
  type Fleet,
  type FleetRow,
  isFresh,
  isHeardLately,
  servableAt,
} from "./fleet.ts";

export interface Totals {
  /** runners that may be claimed now */
  readonly available: number;
  /** a job that needs more cannot be served now */
  readonly servable: number;
  /** monitors heard of lately */
  readonly heard: number;
}

interface Part extends Totals {
  /** until when this holds, ms */
  readonly until: number;
}

const nothing: Part = { available: 0, servable: 0, heard: 0, until: Number.POSITIVE_INFINITY };

/** The fleet's rows by monitor, with their totals. */
export class Capacity {
  readonly #freshMs: number;
  readonly #rows = new Map<string, FleetRow>();
  readonly #parts = new Map<string, Part>();
  #totals = { available: 0, servable: 0, heard: 0 };
  /** for these times the totals hold */
  #from = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;

  constructor(freshMs: number) {
    this.#freshMs = freshMs;
  }

  get rows(): Fleet {
    return this.#rows;
  }

  /**
   * Puts a row in place of what was known of its monitor; null: it is no part of the fleet any
   * more.
   */
  set(monitor: string, row: FleetRow | null, now: number): void {
    if (row === null) this.#rows.delete(monitor);
    else this.#rows.set(monitor, row);
    const holds = this.#from <= now && now < this.#until;
    if (!holds) return;
    const before = this.#parts.get(monitor) ?? nothing;
    const after = row === null ? nothing : partOf(row, now, this.#freshMs);
    this.#parts.set(monitor, after);
    this.#add(after, 1);
    this.#add(before, -1);
    // a clock that is set back asks for times at which this row was not known
    this.#from = now;
    this.#until = Math.min(this.#until, after.until);
  }

  clear(): void {
    this.#rows.clear();
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** What the fleet can give at this time. */
  totals(now: number): Totals {
    if (this.#from <= now && now < this.#until) return this.#totals;
    this.#parts.clear();
    this.#totals = { available: 0, servable: 0, heard: 0 };
    this.#from = now;
    this.#until = Number.POSITIVE_INFINITY;
    for (const [monitor, row] of this.#rows) {
      const part = partOf(row, now, this.#freshMs);
      this.#parts.set(monitor, part);
      this.#add(part, 1);
      this.#until = Math.min(this.#until, part.until);
    }
    return this.#totals;
  }

  #add({ available, servable, heard }: Totals, sign: 1 | -1): void {
    this.#totals = {
      available: this.#totals.available + sign * available,
      servable: this.#totals.servable + sign * servable,
      heard: this.#totals.heard + sign * heard,
    };
  }
}

/** One row's part of the totals, and until when it is that. */
function partOf(row: FleetRow, now: number, freshMs: number): Part {
  const times = [
    row.drainedUntil,
    row.blockedUntil,
    // one that fetches is there until the time that it declared, however old its word
    ...(row.pull === undefined ? [row.askedAt + freshMs + 1] : [row.pull.presentUntil]),
    row.askedAt + targetMemoryMs,
    ...row.out.map(([, , until]) => until),
    ...(row.pulled?.map(({ until }) => until) ?? []),
    // times of before the clock was set back count from when they are no longer too far ahead
    row.blockedUntil - rejectedBackoffMs - clockToleranceMs,
    row.askedAt - clockToleranceMs,
    row.emptyAt - clockToleranceMs,
    ...row.settled.map(([at]) => at - clockToleranceMs),
  ];
  return {
    available: availableRunners(row, now, freshMs),
    servable: servableAt(row, now),
    heard: isHeardLately(row, now) ? 1 : 0,
    until: Math.min(...times.filter((time) => time > now)),
  };
}

/** How one monitor, or all of a fleet, stand for a profile, as operators see it. */
export interface CapacityView {
  /** what the monitors with a fresh snapshot call idle */
  readonly idle: number;
  /** asked for, or reserved and not yet visible in a snapshot */
  readonly claimed: number;
  /** what may be claimed now */
  readonly available: number;
  readonly healthy: number;
  readonly target: number;
}

export function sumCapacity(rows: Iterable<FleetRow>, now: number, freshMs: number): CapacityView {
  let [idle, claimed, available, healthy, target] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    const isCounted = isFresh(row, now, freshMs);
    idle += isCounted ? row.idle : 0;
    healthy += isCounted ? row.healthy : 0;
    claimed += claimedRunners(row, now);
    available += availableRunners(row, now, freshMs);
    target += row.target;
  }
  return { idle, claimed, available, healthy, target };
}
