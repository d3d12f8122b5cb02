// All that a store holds, as it shows it, so that two stores can be compared: every document, list
// and count.
import { hourOf } from "../../src/queue/stats/count.ts";
import type { Store, StoredJob } from "../../src/queue/store.ts";
import { ids, monitors, profiles } from "./commands.ts";

/**
 * Asked for in one burst. Left out is what may differ: the text of an epoch, and revisions, for
 * three profiles are written at once, in whatever order.
 */
export async function showState(store: Store): Promise<unknown> {
  const names = [
    ...ids.map((id) => `id/${id}`),
    ...monitors.flatMap((monitor) => [`monitor/${monitor}`, `drain/${monitor}`]),
    "served",
  ];
  const read = <From, To>(from: readonly From[], ask: (one: From) => To) => Promise.all(from.map(ask));
  const hour = hourOf((await store.readDocument("served")).now);
  const [counts, loaded, histories, documents, results] = await Promise.all([
    read(profiles, async (profileKey) => await store.readCounts(profileKey, [hour - 1, hour, hour + 1])),
    read(profiles, async (profileKey) => await loadAll(store, profileKey)),
    read(profiles, async (profileKey) => await store.readHistory(profileKey, 30)),
    read(names, async (name) => [name, await readDocument(store, name)]),
    read(monitors, async (monitor) => await store.readResults(monitor)),
  ]);
  return { counts, loaded, histories, documents, results, known: [...(await store.listProfiles())].sort() };
}

async function loadAll(store: Store, profileKey: string): Promise<unknown> {
  const {
    epoch: _,
    fleet,
    jobs,
    due,
    listed,
    absent,
    ...rest
  } = await store.load({
    profileKey,
    jobs: ids.map((uniqueId) => ({ uniqueId, order: "9" })),
    front: 10,
    due: 40,
    maxDueAheadMs: 120_000,
    listed: 10,
    absent: 10,
    places: 0,
    sizes: true,
    figures: true,
    flows: true,
    held: { epoch: "none", version: 0 },
  });
  const jobOf = (stored: StoredJob | null) => stored?.job ?? null;
  const documents = fleet.map(({ kind, monitor, value }) => [`${kind}/${monitor}`, value] as const);
  return {
    ...rest,
    jobs: jobs.map(({ stored, ...counts }) => [jobOf(stored), counts]),
    lists: [due, listed, absent].map((list) => list.map(jobOf)),
    fleet: documents.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
}

async function readDocument(store: Store, name: string): Promise<unknown> {
  const { text, writtenAt } = await store.readDocument(name);
  return [text, writtenAt];
}
