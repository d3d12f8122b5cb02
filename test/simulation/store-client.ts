// One instance's way to the store: commands over the wire, each sent once. What the store does not
// answer in time, or cannot be asked, is StoreUnavailable, as it is over the production's
// connection to Redis.
import { type Store, StoreUnavailable } from "../../src/queue/store.ts";
import { exchange } from "./exchange.ts";
import type { FaultTally } from "./fault-tally.ts";
import type { Machine } from "./machine.ts";
import type { StoreServer, Wake } from "./store-server.ts";
import type { Wire } from "./wire.ts";

/** A store that says nothing for this long is away, ms. */
const silenceMs = 2_000;

export const storeName = "store";

/** What goes over the wire, and whether it changes anything. */
const commands = {
  load: "read",
  commit: "write",
  beginEpoch: "write",
  readDocument: "read",
  swapDocument: "write",
  takePlace: "write",
  freePlace: "write",
  fence: "write",
  readResults: "read",
  enrol: "write",
  strike: "write",
  countRoll: "read",
  readRoll: "read",
  listProfiles: "read",
  hasProfile: "read",
  forgetProfile: "write",
  readHistory: "read",
  readCounts: "read",
  ping: "write",
} as const satisfies Record<
  Exclude<keyof Store, "answersAtOnce" | "missedNews" | "onWake" | "listen" | "close">,
  string
>;
type Command = keyof typeof commands;

export interface StoreLink {
  readonly machine: Machine;
  readonly wire: Wire;
  readonly tally: FaultTally;
  readonly server: StoreServer;
  /** the server's store, as watched for this instance */
  readonly store: Store;
  /** why the store refuses commands now; null: it does not */
  readonly refusal: () => string | null;
  /** a command was carried out */
  readonly note: (command: string) => void;
}

export interface StoreClient {
  readonly store: Store;
  /** Tells whoever waits here. */
  wake(...wake: Wake): void;
}

export function createStoreClient(link: StoreLink): StoreClient {
  const { machine, wire, tally, server } = link;
  const awaited = new Set<string>();
  const seenNews = new Map<string, number>();
  let listener: (...wake: Wake) => void = () => {};

  type Carried<T> = { readonly value: T } | { readonly refused: string };
  const send = <T>(command: string, isRead: boolean, carryOut: () => T): Promise<Awaited<T>> =>
    new Promise((resolve, reject) => {
      let isAwaited = true;
      const end = (act: () => void): void => {
        if (!isAwaited) return;
        isAwaited = false;
        act();
      };
      const silent = (): void => end(() => reject(new StoreUnavailable("the store said nothing")));
      exchange<Carried<T>>(wire, tally, {
        way: "store",
        caller: machine,
        to: storeName,
        isRead,
        isAwaited: () => isAwaited,
        serve: (reply) => {
          const refused = link.refusal();
          if (refused !== null) {
            tally.bit("store_away");
            reply({ refused });
            return;
          }
          link.note(command);
          reply({ value: carryOut() });
        },
        hear: (given) =>
          end(() => {
            callOff();
            if ("refused" in given) reject(new StoreUnavailable(given.refused));
            else resolve(given.value as Awaited<T>);
          }),
      });
      const callOff = machine.clock.after(silenceMs, silent);
    });
  const over = Object.fromEntries(
    Object.entries(commands).map(([name, way]) => {
      const command = link.store[name as Command] as (...args: unknown[]) => unknown;
      return [name, (...args: unknown[]) => send(name, way === "read", () => command(...args))];
    }),
  ) as unknown as Pick<Store, Command>;

  return {
    store: {
      ...over,
      missedNews: async (profileKey) => {
        const seen = seenNews.get(profileKey) ?? null;
        const { number, ids } = await send("missedNews", true, () => server.newsSince(profileKey, seen));
        seenNews.set(profileKey, number);
        return ids;
      },
      onWake: (given) => {
        listener = given;
      },
      listen: (profileKey, isAwaited) => void (isAwaited ? awaited.add(profileKey) : awaited.delete(profileKey)),
      close: () => {},
    },
    wake: (profileKey, uniqueIds) => {
      if (wire.areParted(machine.name, storeName)) return;
      const fate = wire.fateOfReply("store");
      if (fate === "lost") return;
      const extraMs = fate === "comes" ? 0 : fate.extraMs;
      const tell = () => {
        if (awaited.has(profileKey)) listener(profileKey, uniqueIds);
      };
      wire.after(wire.latencyMs("store") + extraMs, () => machine.deliver(tell));
    },
  };
}
