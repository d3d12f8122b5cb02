// The fleet's rows that this instance has seen. The store sends only what is newer, so that a poll
// costs the same however many monitors there are. Rows belong to one epoch: a store that lost its
// memory begins anew.
import type { Capacity } from "../../queue/fleet/capacity.ts";
import { type FleetRow, noSnapshot, noTakes, type Snapshot, type Takes } from "../../queue/fleet/fleet.ts";
import { takesOfThisClock } from "../../queue/fleet/takes-age.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { FleetDocument, Loaded } from "../../queue/store.ts";

interface HeldRow {
  snapshot: { revision: string; value: Snapshot | null };
  takes: { revision: string; value: Takes | null };
}

export class FleetHeld {
  readonly capacity: Capacity;
  readonly #rows = new Map<string, HeldRow>();
  epoch = "";
  /** when this epoch was seen first, on the store's clock, ms */
  epochSeenAt = 0;
  version = 0;
  /** when room was last seen, on the store's clock, ms */
  roomSeenAt = 0;

  readonly #settings: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">;
  /** since when the clock runs by which rows are read */
  #clockSince = 0;

  constructor(capacity: Capacity, settings: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">) {
    this.capacity = capacity;
    this.#settings = settings;
  }

  /** Takes in what a load brought; `clockSince`: since when the store's clock was not set. */
  update({ epoch, fleetVersion, isWholeFleet, fleet, now }: Loaded, clockSince: number): void {
    if (isWholeFleet) {
      this.#rows.clear();
      this.capacity.clear();
    }
    if (this.epoch !== epoch) this.epochSeenAt = now;
    this.epoch = epoch;
    this.version = fleetVersion;
    for (const document of fleet) this.#put(document);
    const isClockSet = this.#clockSince !== clockSince;
    this.#clockSince = clockSince;
    for (const { monitor } of fleet) this.restore(monitor, now);
    if (isClockSet) for (const monitor of this.#rows.keys()) this.restore(monitor, now);
    if (this.capacity.totals(now).available > 0) this.roomSeenAt = now;
  }

  /** The revision at which a document was seen; "": there is none. */
  revisionOf(kind: FleetDocument["kind"], monitor: string): string {
    return this.#rows.get(monitor)?.[kind].revision ?? "";
  }

  /** Puts a row back as the store has it. */
  restore(monitor: string, now: number): void {
    const held = this.#rows.get(monitor);
    this.capacity.set(monitor, held === undefined ? null : this.#rowOf(held), now);
  }

  #rowOf({ snapshot, takes }: HeldRow): FleetRow | null {
    if (snapshot.value === null) return null;
    return { ...snapshot.value, ...takesOfThisClock(takes.value ?? noTakes, this.#clockSince, this.#settings) };
  }

  #put(document: FleetDocument): void {
    const known = this.#rows.get(document.monitor);
    const held: HeldRow = known ?? {
      snapshot: { revision: "", value: null },
      takes: { revision: "", value: null },
    };
    if (document.kind === "snapshot") held.snapshot = document;
    else held.takes = document;
    if (held.snapshot.value === null && held.takes.value === null) this.#rows.delete(document.monitor);
    else this.#rows.set(document.monitor, held);
  }
}

/** The row of a monitor of which only takes are known: it has nothing to give. */
export const emptyRow: FleetRow = { ...noSnapshot, ...noTakes };
