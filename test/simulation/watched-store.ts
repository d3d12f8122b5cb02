// A store that tells what was written to it. It stands right before the store itself, so that a
// commit of which the reply is lost on its way to an instance is told all the same.
import type { CommitPart, Loaded, PartResult, Store } from "../../src/queue/store.ts";
import type { Happening } from "./happening.ts";

/**
 * @param trueTime ms, never set back
 * @param reach monitors that the instance which uses this store knows
 * @param tell hears of each part that was written, before anybody else does
 */
export function watchStore(
  store: Store,
  trueTime: () => number,
  reach: readonly string[],
  tell: (happening: Happening) => void,
): Store {
  /** a commit that is sent again is answered "done", and written once */
  const told = new Set<string>();
  const epochs = new Map<string, string>();

  const tellLoaded = (profileKey: string, loaded: Loaded): Loaded => {
    if (loaded.epoch !== "" && epochs.get(profileKey) !== loaded.epoch) {
      epochs.set(profileKey, loaded.epoch);
      tell({ kind: "epoch_began", at: trueTime(), profileKey, lostAt: loaded.lostAt });
    }
    return loaded;
  };
  const tellParts = (
    profileKey: string,
    parts: readonly CommitPart[],
    results: readonly PartResult[],
  ): readonly PartResult[] => {
    for (const [index, part] of parts.entries()) {
      if (results[index] !== "done" || told.has(part.id)) continue;
      told.add(part.id);
      tell({ kind: "committed", at: trueTime(), profileKey, part, reach });
    }
    return results;
  };
  return {
    ...store,
    load: (request) => {
      const loaded = store.load(request);
      if (!(loaded instanceof Promise)) return tellLoaded(request.profileKey, loaded);
      return loaded.then((one) => tellLoaded(request.profileKey, one));
    },
    commit: (profileKey, parts, wake) => {
      const results = store.commit(profileKey, parts, wake);
      if (!(results instanceof Promise)) return tellParts(profileKey, parts, results);
      return results.then((ones) => tellParts(profileKey, parts, ones));
    },
  };
}
