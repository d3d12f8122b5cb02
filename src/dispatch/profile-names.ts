// Which profiles there are: every one that a monitor showed or a job named. A name that is known
// stays known here; a made-up one reaches no script, only a look whether it is in the list.
import type { Store } from "../queue/store.ts";

export interface ProfileNames {
  list(): Promise<readonly string[]>;
  isKnown(profileKey: string): Promise<boolean>;
}

export function createProfileNames(store: Pick<Store, "listProfiles" | "hasProfile">): ProfileNames {
  let known: ReadonlySet<string> = new Set();
  return {
    list: async () => {
      known = new Set(await store.listProfiles());
      return [...known];
    },
    isKnown: async (profileKey) => known.has(profileKey) || (await store.hasProfile(profileKey)),
  };
}
