// What the monitors last said of one profile, and how fast runners came free by that.
import {
  createFleetRow,
  type Drained,
  type Fleet,
  type ProfileCounts,
  withDrained,
  withoutForgotten,
  withSnapshot,
} from "../../queue/fleet.ts";
import { countFreed, type FreedRate, freedRateUnknown, withFreed } from "../../queue/freed-rate.ts";

export class ProfileFleet {
  readonly #freshMs: number;
  #freedRate: FreedRate;
  /** claims change it too */
  rows: Fleet;

  constructor(freshMs: number, rows: Fleet = {}, freedRate: FreedRate = freedRateUnknown) {
    this.#freshMs = freshMs;
    this.rows = rows;
    this.#freedRate = freedRate;
  }

  get freedRate(): FreedRate {
    return this.#freedRate;
  }

  /** @param isScarce whether more runners are waited for than can be had, by what is known with this snapshot */
  saveSnapshot(
    monitor: string,
    { askedAt, counts, drained }: Snapshot,
    isScarce: (rows: Fleet) => boolean,
    now: number,
  ): void {
    const before = withDrained(this.rows[monitor] ?? createFleetRow(), drained);
    this.rows = { ...withoutForgotten(this.rows, now), [monitor]: withSnapshot(before, askedAt, counts) };
    const freed = countFreed(before, askedAt, counts, now, this.#freshMs);
    this.#freedRate = withFreed(this.#freedRate, freed, isScarce(this.rows), now, this.#freshMs);
  }

  drain(monitor: string, drained: Drained): void {
    const row = this.rows[monitor];
    if (row !== undefined) this.rows = { ...this.rows, [monitor]: { ...row, ...drained } };
  }

  /** Whether a claim there is not visible yet. */
  isAwaitingNewsOf(monitor: string): boolean {
    const row = this.rows[monitor];
    return (row?.out.length ?? 0) + (row?.settled.length ?? 0) > 0;
  }
}

/** What one monitor says of a profile; null counts: it failed to say anything. */
export interface Snapshot {
  readonly askedAt: number;
  readonly counts: ProfileCounts | null;
  readonly drained: Drained;
}
