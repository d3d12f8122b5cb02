// What runs now: which runner serves which job, in one document for each monitor. It is written
// when a dashboard shows something else, and looked at every ten seconds, for another instance may
// have written meanwhile. So a fleet in which nothing changes costs next to nothing.
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { growingTo } from "../bounded-cache.ts";
import type { Clock } from "../clock.ts";
import type { Observe } from "../queue/events.ts";
import type { ShownRunner } from "../queue/fleet/monitors.ts";
import { type Sighting, seeRunners, sightingSchema } from "../queue/fleet/sighting.ts";
import type { Job } from "../queue/job/job.ts";
import { inspectOperation } from "../queue/operations/inspect.ts";
import type { Booking, IdBooking } from "./id-booking.ts";
import type { Documents } from "./running/documents.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

/** A monitor that nobody hears of for so long has nothing that runs. */
const keptForMs = 2 * 3_600_000;
/** By then what did not change is written again, so that it does not end. */
const renewAfterMs = 3_600_000;
const lookAgainMs = 10_000;
/** An id belongs to one job for as long as it runs. */
const bookingKnownForMs = 60_000;
const maxBookingsKnown = 5_000;

export interface RunnerAtWork extends Sighting {
  readonly monitor: string;
  /** null: the queue knows no job of this id */
  readonly job: Job | null;
}

export interface RunnersAtWork {
  /** What a monitor shows of its runners, whenever it was asked. */
  note(monitor: string, runners: readonly ShownRunner[]): void;
  /** Runners that are reserved for jobs or busy with them, as last shown. Throws StoreUnavailable. */
  read(monitors: readonly string[]): Promise<readonly RunnerAtWork[]>;
}

export interface RunnersAtWorkDeps {
  readonly documents: Documents;
  readonly booking: Pick<IdBooking, "find">;
  readonly runner: OperationRunner;
  readonly observe: Observe;
  readonly clock: Clock;
}

const nameOf = (monitor: string) => `running/${monitor}`;
const sightingsSchema = z.array(sightingSchema);

export function createRunnersAtWork({ documents, booking, runner, observe, clock }: RunnersAtWorkDeps): RunnersAtWork {
  /** by monitor, what this instance last wrote or found written, and when it looked */
  const known = new Map<string, { readonly sightings: readonly Sighting[]; readonly lookedAt: number }>();
  const underWay = new Set<string>();
  const bookings = new LRUCache<string, { readonly booking: Booking | null }>({
    ...growingTo(maxBookingsKnown),
    ttl: bookingKnownForMs,
  });

  const write = async (monitor: string, runners: readonly ShownRunner[]): Promise<void> => {
    const { value } = await documents.change(nameOf(monitor), sightingsSchema, keptForMs, (before, now, writtenAt) => {
      const old = before ?? [];
      const sightings = seeRunners(old, runners, now);
      const isOld = sightings.length > 0 && now - writtenAt > renewAfterMs;
      return sightings === old && !isOld ? null : [...sightings];
    });
    known.set(monitor, { sightings: value ?? [], lookedAt: clock.now() });
  };
  const find = async (uniqueId: string): Promise<Booking | null> => {
    const remembered = bookings.get(uniqueId);
    if (remembered !== undefined) return remembered.booking;
    const found = await booking.find(uniqueId);
    bookings.set(uniqueId, { booking: found });
    return found;
  };
  const findJob = async (uniqueId: string): Promise<Job | null> => {
    const booked = await find(uniqueId);
    if (booked === null) return null;
    const reply = await runner.run(inspectOperation(booked.profileKey, booked.uniqueId, null));
    return reply.kind === "unknown" ? null : reply.job;
  };

  return {
    note: (monitor, runners) => {
      const last = known.get(monitor);
      const isKnown = last !== undefined && seeRunners(last.sightings, runners, 0) === last.sightings;
      // one look at a time: what changes meanwhile comes with the next dashboard
      if (underWay.has(monitor) || (isKnown && clock.now() - last.lookedAt < lookAgainMs)) return;
      underWay.add(monitor);
      write(monitor, runners)
        .catch((error: unknown) => observe({ kind: "trouble", where: "poller", error }))
        .finally(() => underWay.delete(monitor));
    },
    read: async (monitors) => {
      const read = monitors.map(async (monitor) => {
        const { value } = await documents.read(nameOf(monitor), sightingsSchema);
        return (value ?? []).map((sighting) => ({ ...sighting, monitor }));
      });
      const sightings = (await Promise.all(read)).flat();
      return await Promise.all(sightings.map(async (one) => ({ ...one, job: await findJob(one.uniqueId) })));
    },
  };
}
