// What the host listed last, and asking it anew.
import { type Clock, delay } from "../clock.ts";
import type { AgentHost, HostList } from "./host.ts";
import { createTrouble } from "./trouble.ts";

export interface HostWatch {
  /** Before the first one: empty. */
  lastList(): HostList;
  /** Null where the host cannot say. */
  list(): Promise<HostList | null>;
  /** Asks until the host says it. Rejects when `stop` aborts. */
  listUntilSaid(stop: AbortSignal): Promise<HostList>;
}

/** A monitor draws its dashboard anew for some seconds after each take. */
const askAgainMs = 500;

export function createHostWatch(host: AgentHost, say: (words: string) => void, clock: Clock): HostWatch {
  const trouble = createTrouble(say, "the host can be listed again");
  let last: HostList = { profiles: {}, reservations: [] };

  const list = async (): Promise<HostList | null> => {
    try {
      last = await host.list();
      trouble.tell(null);
      return last;
    } catch (error) {
      trouble.tell(`the host cannot be listed: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  return {
    lastList: () => last,
    list,
    listUntilSaid: async (stop) => {
      for (;;) {
        const said = await list();
        stop.throwIfAborted();
        if (said !== null) return said;
        await delay(clock, askAgainMs);
      }
    },
  };
}
