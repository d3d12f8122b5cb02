// What hours of counters come to: how jobs ended, how long they waited, and what stood idle beside
// those who waited; of a whole profile, of one repository, of one step of a chart.

import { endNames, minuteNames, otherRepositories, servedPrefix } from "../../queue/stats/count.ts";
import { percentileMs } from "../../queue/stats/wait-slots.ts";
import type { HourCounts } from "../../queue/store.ts";

export type EndFigures = ReturnType<typeof describeEnds>;
export type MinuteFigures = ReturnType<typeof describeMinutes>;

/** How jobs ended, by name and slot, added up. */
export interface Ends {
  /** by slot of their wait */
  readonly served: Map<number, number>;
  readonly ended: Record<keyof typeof endNames, number>;
}

export function noEnds(): Ends {
  return { served: new Map(), ended: { failed: 0, abandoned: 0, cancelled: 0, refused: 0 } };
}

const endOfName = new Map<string, keyof typeof endNames>(
  Object.entries(endNames).map(([end, name]) => [name, end as keyof typeof endNames]),
);

/** Adds what an hour counted to the repositories that it names; in lower case, as GitHub compares. */
export function addHour(counts: HourCounts, repositories: Map<string, Ends>): void {
  for (const [name, count] of Object.entries(counts)) {
    const slash = name.indexOf("/");
    if (slash < 0) continue;
    const [kind, repository] = [name.slice(0, slash), name.slice(slash + 1).toLowerCase()];
    const ends = repositories.get(repository) ?? noEnds();
    repositories.set(repository, ends);
    const end = endOfName.get(kind);
    if (end !== undefined) ends.ended[end] += count;
    else if (kind.startsWith(servedPrefix)) {
      const slot = Number(kind.slice(servedPrefix.length));
      ends.served.set(slot, (ends.served.get(slot) ?? 0) + count);
    }
  }
}

export function sumEnds(all: Iterable<Ends>): Ends {
  const sum = noEnds();
  for (const { served, ended } of all) {
    for (const [slot, count] of served) sum.served.set(slot, (sum.served.get(slot) ?? 0) + count);
    for (const end of Object.keys(ended) as (keyof typeof endNames)[]) sum.ended[end] += ended[end];
  }
  return sum;
}

/** Jobs that are over, however they ended. */
export function countJobs({ served, ended }: Ends): number {
  return [...served.values(), ...Object.values(ended)].reduce((sum, count) => sum + count, 0);
}

export function describeEnds({ served, ended }: Ends) {
  return {
    served: [...served.values()].reduce((sum, count) => sum + count, 0),
    ...ended,
    /** clients that heard so, or did not come back: as far as the queue can know */
    fell_back: ended.failed + ended.abandoned + ended.refused,
    wait_p50_ms: percentileMs(served, 0.5),
    wait_p95_ms: percentileMs(served, 0.95),
  };
}

/** Of the minutes that somebody looked at; null where there were none. */
export function describeMinutes(hours: readonly HourCounts[]) {
  const sum = (name: string) => hours.reduce((total, counts) => total + (counts[name] ?? 0), 0);
  const minutes = sum(minuteNames.minutes);
  const mean = (name: string) => (minutes === 0 ? null : Math.round((sum(name) / minutes) * 100) / 100);
  return {
    minutes_seen: minutes,
    mean_waiting: mean(minuteNames.waiting),
    mean_idle: mean(minuteNames.idle),
    /** runners times minutes, as far as those who waited could have used them */
    idle_beside_waiting_minutes: sum(minuteNames.idleBesideWaiting),
  };
}

export function isNamed(repository: string): boolean {
  return repository !== otherRepositories;
}
