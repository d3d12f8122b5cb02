// The one store of a simulated world, as the instances' Redis is: a memory that all of them share,
// on a clock that can be set. It restarts, forgets the end of what it knew, or all of it. The
// memory is the production's embedded store; what Redis does beside it is done here: it remembers
// commits that may be sent again, and tells everybody who is to be woken.
import type { QueueSettings } from "../../src/queue/settings.ts";
import type { CommitPart, Loaded, LoadRequest, PartResult, Store } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import type { Journal } from "./journal.ts";

export type Wake = Parameters<Parameters<Store["onWake"]>[0]>;

export interface StoreServer {
  /** Its commands, carried out at once: there is no way in between. */
  readonly store: Store;
  /**
   * The news of a profile since the one of this number; null: there were none like that in this
   * life, or too many.
   */
  newsSince(profileKey: string, number: number | null): News;
  /** All that it has of each profile, but for jobs that are over. */
  readAll(): readonly (readonly [profileKey: string, Loaded])[];
  /** Hears whom to wake. */
  onWake(listener: (...wake: Wake) => void): void;
  /**
   * Its process ends and begins anew with what the journal has. `lostSince`: what was written from
   * then on is gone, ms.
   */
  restart(lostSince: number): void;
}

interface News {
  readonly number: number;
  readonly ids: readonly string[] | null;
}

const everything: Omit<LoadRequest, "profileKey"> = {
  jobs: [],
  front: 0,
  due: 0,
  maxDueAheadMs: 0,
  listed: 10_000,
  absent: 0,
  places: 0,
  sizes: false,
  figures: false,
  flows: false,
  held: { epoch: "", version: 0 },
};

const rememberedForMs = 60_000;
const maxNews = 500;

/** @param clock ms since 1970, as the store has it */
export function createStoreServer(
  settings: Pick<QueueSettings, "monitorSettleMs" | "historyKeepMs">,
  clock: () => number,
  journal: Journal,
): StoreServer {
  let lives = 0;
  let listener: (...wake: Wake) => void = () => {};
  let memory = openMemory();
  /** when a commit was written that may be sent again */
  const remembered = new Map<string, number>();
  /** jobs that there was news of, by profile; those before `first` are forgotten */
  const news = new Map<string, { first: number; readonly ids: string[] }>();

  function openMemory(): Store {
    lives += 1;
    const opened = createEmbeddedStore(settings, clock, journal, `life-${lives}`);
    opened.onWake((...wake) => listener(...wake));
    return opened;
  }
  const noteNews = (profileKey: string, parts: readonly CommitPart[]): void => {
    const known = news.get(profileKey) ?? { first: 0, ids: [] };
    news.set(profileKey, known);
    for (const { history } of parts) for (const { id } of history) if (id !== undefined) known.ids.push(id);
    const surplus = known.ids.length - 2 * maxNews;
    if (surplus > 0) known.first += known.ids.splice(0, surplus + maxNews).length;
  };
  const commit: Store["commit"] = (profileKey, parts, wake) => {
    const now = clock();
    for (const [id, at] of remembered) {
      if (now - at < rememberedForMs && at <= now) break;
      remembered.delete(id);
    }
    const fresh = parts.filter(({ id }) => !remembered.has(id));
    const results = fresh.length === 0 ? [] : (memory.commit(profileKey, fresh, []) as readonly PartResult[]);
    const done = fresh.filter((_, at) => results[at] === "done");
    for (const { id, isRemembered } of done) if (isRemembered) remembered.set(id, now);
    noteNews(profileKey, done);
    if (wake.length > 0 && done.length > 0) listener(profileKey, wake);
    const byPart = new Map(fresh.map((part, at) => [part, results[at] ?? "conflict"]));
    return parts.map((part) => byPart.get(part) ?? "done");
  };
  // each goes to the memory that lives by then
  const forwarded = Object.fromEntries(
    Object.keys(memory).map((command) => [
      command,
      (...args: unknown[]) => (memory[command as "load"] as (...args: unknown[]) => unknown)(...args),
    ]),
  ) as unknown as Store;
  return {
    store: { ...forwarded, commit },
    newsSince: (profileKey, number) => {
      const { first, ids } = news.get(profileKey) ?? { first: 0, ids: [] };
      const last = first + ids.length;
      const isKnown = number !== null && number >= first && number <= last && last - number < maxNews;
      return { number: last, ids: isKnown ? ids.slice(number - first) : null };
    },
    readAll: () =>
      (memory.listProfiles() as readonly string[]).map((profileKey) => [
        profileKey,
        memory.load({ ...everything, profileKey }) as Loaded,
      ]),
    onWake: (given) => {
      listener = given;
    },
    restart: (lostSince) => {
      for (const [id, at] of remembered) if (at >= lostSince) remembered.delete(id);
      news.clear();
      memory = openMemory();
    },
  };
}
