// Acts of operators on one profile: it is paused, or a monitor's rows hear that it is drained. No
// claim is made past an act that was acknowledged: a pause raises the room revision, which every
// claim relies on.
import { type Act, type ActRequest, actOf, drainedBy } from "../acts.ts";
import { snapshotOf, withDrained } from "../fleet/fleet.ts";
import { wakeNameOf } from "../fleet/pulled-legs.ts";
import { describeAct } from "../history.ts";
import type { Operation } from "../profile.ts";

export function pauseOperation(profileKey: string, request: ActRequest): Operation<null> {
  return {
    name: "pause",
    profileKey,
    reads: { front: true },
    decide: ({ now }) => ({
      answer: null,
      change: {
        head: { paused: request.kind === "begin" ? actOf(request, now) : null },
        history: [describeAct(request, "paused", "unpaused", [], now)],
        raisesRoom: true,
        makesRoom: true,
      },
    }),
  };
}

/** @param act the last word on the monitor, as its own document has it */
export function drainOperation(profileKey: string, monitor: string, act: Act, request: ActRequest): Operation<null> {
  return {
    name: "drain",
    profileKey,
    reads: { front: true },
    decide: ({ now, capacity }) => {
      const row = capacity.rows.get(monitor);
      const after = row === undefined ? undefined : withDrained(row, drainedBy(act));
      if (after !== undefined && after !== row) capacity.set(monitor, after, now);
      return {
        answer: null,
        change: {
          ...(after !== undefined && after !== row && { snapshots: new Map([[monitor, snapshotOf(after)]]) }),
          history: [describeAct(request, "drained", "resumed", [monitor], now)],
          // a fetch that is held says so at once
          ...(row?.pull !== undefined && { wake: [wakeNameOf(monitor)] }),
          raisesRoom: true,
          makesRoom: true,
        },
      };
    },
  };
}

/** Tells whoever waits under these names to look, and writes nothing. */
export function wakeOperation(profileKey: string, names: readonly string[]): Operation<null> {
  return { name: "wake", profileKey, reads: {}, decide: () => ({ answer: null, change: { wake: names } }) };
}
