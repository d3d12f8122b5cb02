// GET /stats.json: a day or a week, by profile and repository. Read from the store at most once in
// half a minute, however many look.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";
import type { Administration } from "../../dispatch/administration.ts";
import { hourMs, hourOf } from "../../queue/stats/count.ts";
import type { HourCounts } from "../../queue/store.ts";
import { addHour, countJobs, describeEnds, describeMinutes, type Ends, isNamed, sumEnds } from "./figures.ts";

export const periods = {
  // and the step that is not over yet
  day: { hours: 25, hoursPerStep: 1 },
  week: { hours: 174, hoursPerStep: 6 },
} as const;
export type Period = keyof typeof periods;

export function isPeriod(text: string): text is Period {
  return Object.hasOwn(periods, text);
}

const keptMs = 30_000;
/** Repositories that are listed, those with the most jobs; the rest is added up. */
const maxRepositories = 20;

export type Stats = ReturnType<typeof describeStats>;
export type ProfileStats = Stats["profiles"][number];

/** Profiles that one document tells of; of the others one has to ask by name. */
const maxProfiles = 100;
const maxKnown = 200;

/** @param profileKey only of this profile. Throws StoreUnavailable */
export type LoadStats = (period: Period, profileKey?: string) => Promise<Stats>;

export function createStatsLoader(
  administration: Pick<Administration, "profiles" | "counts">,
  clock: () => number,
): LoadStats {
  const known = new LRUCache<string, { readonly at: number; readonly stats: Promise<Stats> }>({
    ...growingTo(maxKnown),
  });
  const load = async (period: Period, wanted: string | undefined, now: number): Promise<Stats> => {
    const hours = hoursOf(period, now);
    const all = [...(await administration.profiles())].sort();
    const asked = wanted === undefined ? all : all.filter((key) => key === wanted);
    const keys = asked.slice(0, maxProfiles);
    const counted = await Promise.all(keys.map(async (key) => [key, await administration.counts(key, hours)] as const));
    return describeStats(period, now, counted, asked.length - keys.length);
  };
  return (period, profileKey) => {
    const now = clock();
    const name = `${period} ${profileKey ?? ""}`;
    const current = known.get(name);
    if (current !== undefined && Math.abs(now - current.at) < keptMs) return current.stats;
    const stats = load(period, profileKey, now);
    known.set(name, { at: now, stats });
    stats.catch(() => known.delete(name));
    return stats;
  };
}

/** The hours of a period, the first one first; the last one is not over yet. */
export function hoursOf(period: Period, now: number): readonly number[] {
  const { hours, hoursPerStep } = periods[period];
  // steps begin where the day's do
  const last = Math.floor(hourOf(now) / hoursPerStep) * hoursPerStep + hoursPerStep - 1;
  return Array.from({ length: hours }, (_, i) => last - hours + 1 + i);
}

/** @param counted of each profile, what each of the period's hours counted */
export function describeStats(
  period: Period,
  now: number,
  counted: readonly (readonly [profileKey: string, hours: readonly HourCounts[]])[],
  profilesLeftOut = 0,
) {
  const { hoursPerStep } = periods[period];
  const first = hoursOf(period, now)[0] ?? 0;
  return {
    at: isoTime(now),
    period,
    from: isoTime(first * hourMs),
    step_minutes: hoursPerStep * 60,
    profiles_left_out: profilesLeftOut,
    profiles: counted.map(([profile_key, hours]) => ({
      profile_key,
      ...describeHours(hours),
      steps: splitSteps(hours, hoursPerStep).map((step, i) => ({
        at: isoTime((first + i * hoursPerStep) * hourMs),
        ...describeEnds(sumEnds(endsByRepository(step).values())),
        ...describeMinutes(step),
      })),
      repositories: describeRepositories(hours),
    })),
  };
}

function describeHours(hours: readonly HourCounts[]) {
  return { ...describeEnds(sumEnds(endsByRepository(hours).values())), ...describeMinutes(hours) };
}

function describeRepositories(hours: readonly HourCounts[]) {
  const all = [...endsByRepository(hours)].sort(([a, x], [b, y]) => countJobs(y) - countJobs(x) || (a < b ? -1 : 1));
  const named = all.filter(([repository]) => isNamed(repository));
  const listed = named.slice(0, maxRepositories);
  const others = all.filter((one) => !listed.includes(one)).map(([, ends]) => ends);
  return [
    ...listed.map(([repository, ends]) => ({ qualified_repo: repository as string | null, ...describeEnds(ends) })),
    /** null: all others */
    ...(others.length === 0 ? [] : [{ qualified_repo: null, ...describeEnds(sumEnds(others)) }]),
  ];
}

function endsByRepository(hours: readonly HourCounts[]): Map<string, Ends> {
  const repositories = new Map<string, Ends>();
  for (const counts of hours) addHour(counts, repositories);
  return repositories;
}

function splitSteps(hours: readonly HourCounts[], hoursPerStep: number): HourCounts[][] {
  return Array.from({ length: hours.length / hoursPerStep }, (_, i) =>
    hours.slice(i * hoursPerStep, (i + 1) * hoursPerStep),
  );
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
