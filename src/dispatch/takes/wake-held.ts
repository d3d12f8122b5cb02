// For wakes that were lost: whoever is held here looks whether it is their turn.
import { wakeNameOf } from "../../queue/fleet/pulled-legs.ts";
import { claimableOperation } from "../../queue/operations/inspect.ts";
import type { Store } from "../../queue/store.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** @param noteWaiting somebody waits: a monitor may have gone idle meanwhile */
export function createWakeHeld(
  room: WaitingRoom,
  runner: OperationRunner,
  store: Pick<Store, "missedNews">,
  held: { count(): number },
  noteWaiting: () => void,
): () => Promise<void> {
  /** by profile, `lostAt` when those who wait last looked for it */
  const knownLosses = new Map<string, number>();
  return async function wakeHeld() {
    if (held.count() > 0) noteWaiting();
    for (const profileKey of room.profiles()) {
      const { uniqueIds, offeredTo, lostAt } = await runner.run(claimableOperation(profileKey));
      // a poll that writes nothing cannot see that the store was lost: whoever polled just before
      // it was seen looks again
      const hasBegunAnew = knownLosses.get(profileKey) !== lostAt;
      knownLosses.set(profileKey, lostAt);
      room.wake(profileKey, hasBegunAnew ? null : [...uniqueIds, ...offeredTo.map(wakeNameOf)]);
      room.wake(profileKey, await store.missedNews(profileKey));
    }
  };
}
