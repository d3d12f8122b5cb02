// What happened to some jobs of a profile, and which acts of operators may have mattered to them:
// those in their time, and those before it that were still in force.
import type { Entry } from "../requests/documents.ts";

/** Each act that begins something, and the one that ends it. */
const endOf: Readonly<Record<string, string>> = { drained: "resumed", paused: "unpaused" };
const beginOf = Object.fromEntries(Object.entries(endOf).map(([begin, end]) => [end, begin]));
const ends = new Set(["taken", "failed", "abandoned", "cancelled"]);

/**
 * @param entries what happened to the jobs
 * @param all what happened in their profile, asked for later. Both newest first, and so is the
 * story
 */
export function tellStory(entries: readonly Entry[], all: readonly Entry[]): readonly Entry[] {
  const [newest] = entries;
  const oldest = entries.at(-1);
  if (newest === undefined || oldest === undefined) return [];
  const acts = all.filter(({ what }) => what in endOf || what in beginOf);
  const isOver = !isAnyLive(entries);
  const during = acts.filter(({ at }) => at >= oldest.at && (!isOver || at <= newest.at));
  const told = new Set([...during, ...findInForce(acts, oldest.at)]);
  // The queue's own order: much happens within a millisecond.
  const own = new Set(entries.map((entry) => JSON.stringify(entry)));
  const story = all.filter((entry) => told.has(entry) || own.delete(JSON.stringify(entry)));
  const forgottenMeanwhile = entries.filter((entry) => own.has(JSON.stringify(entry)));
  return [...story, ...forgottenMeanwhile];
}

/**
 * Acts before a time that were in force then: neither ended by somebody nor by themselves. @param
 * acts newest first
 */
function findInForce(acts: readonly Entry[], time: string): Iterable<Entry> {
  const inForce = new Map<string, Entry>();
  for (const act of acts.filter(({ at }) => at < time).reverse()) {
    const about = `${beginOf[act.what] ?? act.what} ${act.monitors.join(" ")}`;
    if (act.what in endOf && (act.until === null || act.until > time)) inForce.set(about, act);
    else inForce.delete(about);
  }
  return inForce.values();
}

/** Whether one of the jobs waits still, or has its runners being reserved. */
function isAnyLive(entries: readonly Entry[]): boolean {
  const last = new Map<string | null, string>();
  for (const { unique_id, what } of entries.toReversed()) last.set(unique_id, what);
  return [...last.values()].some((what) => !ends.has(what));
}
