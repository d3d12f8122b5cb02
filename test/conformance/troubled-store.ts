// A store to which something happens at a chosen commit: its reply is lost after it was written, or
// all memory is gone right before it. Both leave it to the caller to find out.
import { type PartResult, type Store, StoreUnavailable } from "../../src/queue/store.ts";

export interface Trouble {
  next: "reply_lost" | "memory_lost" | null;
  /** whose next commit it happens to */
  profileKey: string;
}

/**
 * @param inner the store as it is now: after a loss it may be another one
 * @param lose throws all memory away
 * @param remembers whether the store itself knows a commit that is sent again; else it is known
 * here, for no reply of a store
 *   in one's own process is ever lost
 */
export function troubleStore(
  inner: () => Store,
  trouble: Trouble,
  lose: () => Promise<void>,
  remembers: boolean,
): Store {
  let written: { readonly id: string; readonly results: readonly PartResult[] } | null = null;
  const commitInTrouble: Store["commit"] = async (profileKey, parts, wake) => {
    const { next } = trouble;
    trouble.next = null;
    if (next === "memory_lost") await lose();
    const results = await inner().commit(profileKey, parts, wake);
    if (next !== "reply_lost") return results;
    written = { id: parts[0]?.id ?? "", results };
    throw new StoreUnavailable("the reply was lost");
  };
  const forward = new Proxy({} as Store, {
    get: (_, name: keyof Store) => {
      if (name === "answersAtOnce") return trouble.next === null && written === null && inner().answersAtOnce === true;
      if (name !== "commit") return inner()[name];
      const commit: Store["commit"] = (profileKey, parts, wake) => {
        const again = written;
        written = null;
        if (again !== null && again.id === parts[0]?.id && !remembers) return again.results;
        return trouble.next === null || trouble.profileKey !== profileKey
          ? inner().commit(profileKey, parts, wake)
          : commitInTrouble(profileKey, parts, wake);
      };
      return commit;
    },
  });
  return forward;
}
