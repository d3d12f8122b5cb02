// The store in this process, and the default without REDIS_URL. Without persistence a restart
// forgets everything: tickets bring the line back, and jobs of before are not claimed again before
// evidence says that nothing is reserved for them.
import { orderAfterLossMs, type QueueSettings, sendWithinMs } from "../../queue/settings.ts";
import type { Store } from "../../queue/store.ts";
import { DocumentMemory } from "./document-memory.ts";
import { noPersistence, type Persistence } from "./persistence.ts";
import { PlaceMemory } from "./place-memory.ts";
import { ProfileMemory } from "./profile-memory.ts";
import { RollMemory } from "./roll-memory.ts";

/** The layout of what is kept: of another one nothing is understood, and all counts as lost. */
const layout = 2;

/**
 * @param clock ms since 1970
 * @param life what was kept in another life of the machine may lack its end: then a new epoch
 * begins. The same text in the
 *   same life
 */
export function createEmbeddedStore(
  settings: Pick<QueueSettings, "monitorSettleMs" | "historyKeepMs">,
  clock: () => number,
  persistence: Persistence = noPersistence,
  life = "",
): Store {
  const epoch = beginLife(persistence, clock(), life);
  const asideCountedMs = sendWithinMs + settings.monitorSettleMs + orderAfterLossMs;
  const profiles = new Map<string, ProfileMemory>();
  const known = new Set<string>();
  const documents = new DocumentMemory(persistence);
  const places = new PlaceMemory(persistence);
  const rolls = new RollMemory(persistence);
  const awaited = new Set<string>();
  let wake: Parameters<Store["onWake"]>[0] = () => {};

  const profileOf = (profileKey: string): ProfileMemory => {
    let profile = profiles.get(profileKey);
    if (profile === undefined) {
      profile = new ProfileMemory(profileKey, persistence, asideCountedMs, settings.historyKeepMs);
      // what was kept in another life is of another epoch
      if (profile.epoch !== "" && profile.epoch !== epoch) profile.beginEpoch(profile.epoch, epoch);
      profiles.set(profileKey, profile);
    }
    return profile;
  };
  for (const [profileKey] of persistence.entries("known/")) known.add(profileKey);

  return {
    answersAtOnce: true,
    load: (request) => profileOf(request.profileKey).load(request, clock()),
    commit: (profileKey, parts, woken) => {
      const results = profileOf(profileKey).commit(parts, clock());
      if (woken.length > 0 && awaited.has(profileKey) && results.includes("done")) wake(profileKey, woken);
      return results;
    },
    beginEpoch: (profileKey, before) => {
      if (!known.has(profileKey)) {
        persistence.transact(() => persistence.put(`known/${profileKey}`, true));
        known.add(profileKey);
      }
      profileOf(profileKey).beginEpoch(before, epoch);
    },
    readDocument: (name) => documents.read(name, clock()),
    swapDocument: (name, expected, next, keptForMs) => documents.swap(name, expected, next, keptForMs, clock()),
    takePlace: (monitor, key, limit, keptForMs) => places.take(monitor, key, limit, keptForMs, clock()),
    freePlace: (monitor, key, result) => places.free(monitor, key, result),
    fence: (monitor, until) => places.fence(monitor, until),
    readResults: (monitor) => places.results(monitor),
    enrol: (roll, name, limit, keptForMs) => rolls.enrol(roll, name, limit, keptForMs, clock()),
    strike: (roll, names) => rolls.strike(roll, names),
    countRoll: (roll) => rolls.count(roll, clock()),
    readRoll: (roll, until, limit) => rolls.read(roll, until, limit),
    listProfiles: () => [...known],
    hasProfile: (profileKey) => known.has(profileKey),
    forgetProfile: (profileKey) => {
      persistence.transact(() => {
        persistence.remove(`known/${profileKey}`);
        profileOf(profileKey).forget();
      });
      profiles.delete(profileKey);
      known.delete(profileKey);
    },
    readHistory: (profileKey, limit) => profileOf(profileKey).history.last(limit),
    readCounts: (profileKey, hours) => profileOf(profileKey).counts.read(hours, clock()),
    // nothing is lost within one process
    missedNews: () => [],
    onWake: (listener) => {
      wake = listener;
    },
    listen: (profileKey, isAwaited) => void (isAwaited ? awaited.add(profileKey) : awaited.delete(profileKey)),
    ping: () => {},
    close: () => {},
  };
}

interface Life {
  readonly as: number;
  readonly life: string;
  readonly epoch: string;
}

/** The epoch of this life: as long as the machine lives on, or from now on. */
function beginLife(persistence: Persistence, now: number, life: string): string {
  for (const [, begun] of persistence.entries("begun")) {
    const known = begun as Life;
    if (known.as === layout && known.life === life) return known.epoch;
    if (known.as === layout) {
      const epoch = `${Math.max(now, Number.parseInt(known.epoch, 10) + 1)}|${life}`;
      persistence.transact(() => persistence.put("begun", { as: layout, life, epoch } satisfies Life));
      return epoch;
    }
  }
  const epoch = `${now}|${life}`;
  persistence.transact(() => {
    for (const [key] of [...persistence.entries("")]) persistence.remove(key);
    persistence.put("begun", { as: layout, life, epoch } satisfies Life);
  });
  return epoch;
}
