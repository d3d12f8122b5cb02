// What all instances share of monitors that fetch their takes: which boot speaks, when it was heard,
// and what it lists as reserved. One document each, beside the list.
import { z } from "zod";
import { actSchema, drainedBy, isInForce } from "../queue/acts.ts";
import type { Drained } from "../queue/fleet/fleet.ts";
import { type MonitorRecord, monitorRecordSchema, noRecord, withProfiles } from "../queue/fleet/monitor-record.ts";
import {
  endCall,
  type FetchHeard,
  hearBoot,
  hearFetch,
  type PullRecord,
  renewCall,
} from "../queue/fleet/pull-record.ts";
import { wakeNameOf } from "../queue/fleet/pulled-legs.ts";
import { wakeOperation } from "../queue/operations/act.ts";
import type { QueueSettings } from "../queue/settings.ts";
import { drainName, recordKeptForMs, recordName } from "./monitor-book.ts";
import type { Documents } from "./running/documents.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export const reservationSchema = z.object({
  uniqueId: z.string(),
  id: z.string(),
  isBusy: z.boolean(),
  /** the runner with its id, as JSON */
  body: z.string(),
});
/** A runner that a monitor lists as reserved. */
export type Reservation = z.infer<typeof reservationSchema>;
const reservationsSchema = z.object({ reservations: z.array(reservationSchema) });

export interface PullStanding {
  readonly record: MonitorRecord;
  readonly pull: PullRecord;
  readonly isDrained: boolean;
  /** the store's clock, ms */
  readonly now: number;
}

export type Heard =
  | ({ readonly kind: "heard"; readonly drained: Drained } & PullStanding)
  | { readonly kind: "superseded" | "in_flight" };

export interface PullBook {
  /** A fetch came: whether its boot speaks for the monitor. What it lists is written before it counts as heard. */
  hear(
    monitor: string,
    heard: FetchHeard,
    profiles: readonly string[],
    reservations: readonly Reservation[],
  ): Promise<Heard>;
  /** The boot that an accept or a settle names; null: it is superseded. */
  hearBoot(monitor: string, boot: string): Promise<PullRecord | null>;
  /** How a monitor stands; null: it never fetched. */
  read(monitor: string): Promise<PullStanding | null>;
  /** A call with a key is held still. */
  renewCall(monitor: string, callId: string): Promise<void>;
  endCall(monitor: string, callId: string): Promise<void>;
  /** Somebody needs a fetch that comes from now on: one that is held is answered. */
  want(monitor: string): Promise<void>;
  readReservations(monitor: string): Promise<readonly Reservation[]>;
}

export function createPullBook(
  documents: Documents,
  runner: OperationRunner,
  { pullPresenceMs }: Pick<QueueSettings, "pullPresenceMs">,
): PullBook {
  const listName = (monitor: string) => `reservations/${monitor}`;
  const change = async (monitor: string, decide: (record: MonitorRecord, now: number) => MonitorRecord | null) =>
    await documents.change(recordName(monitor), monitorRecordSchema, recordKeptForMs, (known, now) =>
      decide(known ?? noRecord, now),
    );
  const readRecord = async (monitor: string) => await documents.read(recordName(monitor), monitorRecordSchema);
  const readDrain = async (monitor: string) => (await documents.read(drainName(monitor), actSchema)).value;

  return {
    hear: async (monitor, heard, profiles, reservations) => {
      const [known, drain] = await Promise.all([readRecord(monitor), readDrain(monitor)]);
      const first = hearFetch(known.value?.pull, heard, known.now, pullPresenceMs);
      if (first.kind !== "heard") return first;
      const isNewList = first.isChanged && heard.reservations !== known.value?.pull?.reservations;
      if (isNewList && heard.seq >= first.pull.seq) {
        await documents.change(listName(monitor), reservationsSchema, recordKeptForMs, () => ({
          reservations: [...reservations],
        }));
      }
      let reply = first;
      let record = known.value ?? noRecord;
      const shown = withProfiles(record.profiles, profiles, known.now, known.now);
      const isShownAnew = profiles.some((profileKey) => !(profileKey in record.profiles));
      if (first.isChanged || isShownAnew) {
        let refused: { readonly kind: "superseded" | "in_flight" } | null = null;
        const { value } = await change(monitor, (before, now) => {
          const again = hearFetch(before.pull, heard, now, pullPresenceMs);
          refused = again.kind === "heard" ? null : again;
          if (again.kind !== "heard") return null;
          reply = again;
          const times = { askedAt: now, answeredAt: now, begunAt: now, failures: 0 };
          return { ...before, ...times, profiles: shown, pull: again.pull };
        });
        if (refused !== null) return refused;
        record = value ?? record;
      }
      const isDrained = isInForce(drain, known.now);
      return { kind: "heard", record, pull: reply.pull, isDrained, drained: drainedBy(drain), now: known.now };
    },
    hearBoot: async (monitor, boot) => {
      const { value, now } = await readRecord(monitor);
      const pull = hearBoot(value?.pull, boot, now);
      if (pull === null || pull === value?.pull) return pull;
      let heard: PullRecord | null = null;
      await change(monitor, (before, at) => {
        heard = hearBoot(before.pull, boot, at);
        return heard === null ? null : { ...before, pull: heard };
      });
      return heard;
    },
    read: async (monitor) => {
      const [{ value, now }, drain] = await Promise.all([readRecord(monitor), readDrain(monitor)]);
      if (value?.pull === undefined) return null;
      return { record: value, pull: value.pull, isDrained: isInForce(drain, now), now };
    },
    renewCall: async (monitor, callId) => {
      await change(monitor, (record, now) => {
        const pull = record.pull === undefined ? null : renewCall(record.pull, callId, now);
        return pull === null ? null : { ...record, pull };
      });
    },
    endCall: async (monitor, callId) => {
      await change(monitor, (record) => {
        const pull = record.pull === undefined ? null : endCall(record.pull, callId);
        return pull === null ? null : { ...record, pull };
      });
    },
    want: async (monitor) => {
      const { value } = await change(monitor, (record, now) =>
        record.pull === undefined ? null : { ...record, pull: { ...record.pull, wantedAt: now } },
      );
      for (const profileKey of Object.keys(value?.profiles ?? {})) {
        await runner.run(wakeOperation(profileKey, [wakeNameOf(monitor)]));
      }
    },
    readReservations: async (monitor) =>
      (await documents.read(listName(monitor), reservationsSchema)).value?.reservations ?? [],
  };
}
