// What an agent says in a fetch: what the host lists, with what the notes know of its legs. Pure.
import type { HostList, ReservedRunner } from "./host.ts";
import type { NotedLeg } from "./notes.ts";

/** A fetch's body, without boot and seq. */
export interface Said {
  readonly profiles: HostList["profiles"];
  readonly reservations: readonly object[];
  readonly settled: readonly object[];
}

/**
 * @param legs as they were before the list was asked for: what is begun later is told later
 * @param mayTake false: the host is at fault, and nothing is idle
 */
export function describeHost(legs: readonly NotedLeg[], list: HostList, mayTake: boolean): Said {
  const listedIds = new Set(list.reservations.map(({ id }) => String(id)));
  const profiles = structuredClone(list.profiles);
  for (const profile of Object.values(profiles)) if (!mayTake) profile.idle = 0;
  for (const leg of legs) {
    const profile = profiles[leg.profileKey];
    if (profile === undefined) continue;
    // the list may be from before they were reserved: then it counts them as idle
    const unseen =
      leg.reserved === null
        ? leg.runners - runnersFor(leg, legs, list).length
        : leg.reserved.filter(({ id }) => !listedIds.has(String(id))).length;
    profile.idle = Math.max(0, profile.idle - Math.max(0, unseen));
  }
  const busyIds = new Set(list.reservations.filter(({ busy }) => busy).map(({ id }) => String(id)));
  // too many words: the settles say them, and until then those legs are at work
  const isShort = lengthOf(legs.map(({ reserved }) => reserved)) <= maxDetailsLength;
  const own = legs.flatMap(({ leg, uniqueId, reserved }): object[] =>
    reserved === null || (!isShort && reserved.length > 0)
      ? [{ leg, unique_id: uniqueId, id: null }]
      : reserved.map((one) => ({ leg, unique_id: uniqueId, ...one, busy: busyIds.has(String(one.id)) })),
  );
  const ownIds = new Set(legs.flatMap(({ reserved }) => reserved?.map(({ id }) => String(id)) ?? []));
  const others = list.reservations.filter(({ id }) => !ownIds.has(String(id)));
  // what was taken is told by its runners above, and by its own settle
  const settled = legs.flatMap(({ leg, reserved }) =>
    reserved?.length === 0 ? [{ leg, outcome: "refused", runners: [] }] : [],
  );
  return { profiles, reservations: [...own, ...shorten(others)], settled };
}

/** Runners that the list shows as reserved for a leg's job, and that are no other leg's. */
export function runnersFor(
  leg: NotedLeg,
  legs: readonly NotedLeg[],
  list: HostList,
): readonly HostList["reservations"][number][] {
  const others = legs.filter((other) => other.leg !== leg.leg).flatMap(({ reserved }) => reserved ?? []);
  const notMine = new Set([...leg.before, ...others.map(({ id }) => String(id))]);
  const wanted = leg.uniqueId.toLowerCase();
  return list.reservations.filter((one) => one.unique_id.toLowerCase() === wanted && !notMine.has(String(one.id)));
}

/** A body is at most 1 MiB. This is for all its runners together; the rest of it is short. */
const maxDetailsLength = 600_000;

/**
 * Runners as a settle may say them. Where they are told in too many words the largest parts are left
 * out: a client can do without them, and a runner that is not told is lost.
 */
export function fitRunners(runners: readonly ReservedRunner[]): readonly ReservedRunner[] {
  if (lengthOf(runners) <= maxDetailsLength) return runners;
  const each = Math.floor(maxDetailsLength / runners.length);
  return runners.map(({ id, runner }) => {
    const parts = Object.entries(runner).toSorted(([, a], [, b]) => lengthOf(a) - lengthOf(b));
    let left = each;
    const kept = parts.filter(([name, part]) => {
      left -= lengthOf(name) + lengthOf(part) + 2;
      return left >= 0;
    });
    return { id, runner: Object.fromEntries(kept) };
  });
}

function lengthOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}

/** These details matter only where the queue lost its memory. */
function shorten(others: HostList["reservations"]): readonly object[] {
  if (lengthOf(others) <= maxDetailsLength / 2) return others;
  return others.map(({ unique_id, id, busy }) => ({ unique_id, id, busy }));
}
