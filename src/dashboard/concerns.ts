// What an operator should know before anything else: how many wait and what is free, which monitors
// are ill, drained or refuse takes, which profiles are paused or asked for too much. A concern
// stays until it is over.
import type { Dashboard, DashboardMonitor, DashboardProfile } from "./dashboard-data.ts";
import { describeIdle, explainIdle } from "./idle-runners.ts";
import { msBetween } from "./moment.ts";
import { countOf, describeWaiting, formatCount, type Tone } from "./words.ts";

export interface Concern {
  readonly what: "ill" | "draining" | "refusing" | "backing-off" | "paused" | "too-large";
  readonly about: "monitor" | "profile";
  readonly name: string;
  readonly tone: Tone;
  /** goes on where the name ends */
  readonly says: string;
  /** an operator's own words; may be empty */
  readonly note: string;
}

/** The worst first. */
export function listConcerns({ at, monitors, profiles }: Dashboard): readonly Concern[] {
  const all = [
    ...monitors.flatMap((monitor) => concernsOfMonitor(monitor, at)),
    ...profiles.flatMap(concernsOfProfile),
  ];
  return [...all.filter(({ tone }) => tone === "bad"), ...all.filter(({ tone }) => tone !== "bad")];
}

/** How everything stands, in a line: first what the next job may have, and why no more. */
export function summarise(dashboard: Dashboard): string {
  const { profiles, monitors } = dashboard;
  const wanted = profiles.reduce((sum, { runners_wanted }) => sum + runners_wanted, 0);
  const idle = describeIdle(explainIdle(dashboard), dashboard.running_count);
  const well = monitors.filter((monitor) => !isIll(monitor) && listRefusals(monitor).length === 0).length;
  const waiting = describeWaiting(countWaiting(dashboard), wanted);
  return `${idle}. ${waiting}. ${well} of ${countOf(monitors.length, "monitor")} well.`;
}

export function countWaiting({ profiles }: Dashboard): number {
  return profiles.reduce((sum, { waiting }) => sum + waiting, 0);
}

/** Nobody can tell what it has. One that is drained or left alone for a while is not ill. */
export function isIll({ state }: DashboardMonitor): boolean {
  return state !== "fresh";
}

/** One refusal may be bad luck. */
const minRefusals = 2;
/** By then it is not the jobs. */
const badRefusals = 5;

/**
 * The profiles of which it gave no runner when it was last asked, until it gives one; between its
 * back-offs, too.
 */
export function listRefusals({ profiles }: DashboardMonitor): DashboardMonitor["profiles"] {
  return profiles.filter(({ refused_in_a_row }) => refused_in_a_row >= minRefusals);
}

/** "refused its last 7 takes of linux, 2 of mac" */
export function describeRefusals(refusals: DashboardMonitor["profiles"]): string {
  const counts = refusals.map(({ profile_key, refused_in_a_row }, i) => {
    const count = formatCount(refused_in_a_row);
    return `${i === 0 ? `${count} takes` : count} of ${profile_key}`;
  });
  return `refused its last ${counts.join(", ")}`;
}

/** A monitor whose hands are full for a second is left alone too, which is nobody's concern. */
const leastBackoffMs = 2_000;

/** Until when no takes go there after refusals, or null. */
export function endOfBackoff({ backing_off_until: until }: DashboardMonitor, at: string): string | null {
  return until !== null && msBetween(at, until) >= leastBackoffMs ? until : null;
}

function concernsOfMonitor(monitor: DashboardMonitor, at: string): Concern[] {
  const { name, draining } = monitor;
  const concern = { about: "monitor", name, tone: "warn", note: "" } as const;
  const concerns: Concern[] = [];
  if (isIll(monitor)) concerns.push({ ...concern, what: "ill", ...describeIllness(monitor) });
  if (draining !== null) concerns.push({ ...concern, what: "draining", says: "is draining", note: draining.note });
  const refusals = listRefusals(monitor);
  if (refusals.length > 0) {
    const tone = refusals.some(({ refused_in_a_row }) => refused_in_a_row >= badRefusals) ? "bad" : "warn";
    concerns.push({ ...concern, what: "refusing", tone, says: describeRefusals(refusals) });
  } else if (endOfBackoff(monitor, at) !== null) {
    concerns.push({ ...concern, what: "backing-off", says: "gets no takes for now, after refusals" });
  }
  return concerns;
}

function describeIllness({ state, fetches }: DashboardMonitor): Pick<Concern, "tone" | "says"> {
  if (fetches && state === "stale") return { tone: "bad", says: "has not fetched its takes for a while" };
  if (state === "failing") return { tone: "bad", says: "gives no dashboard" };
  if (state === "stale") return { tone: "warn", says: "is silent: its last dashboard is too old to count" };
  return { tone: "warn", says: "was never heard of" };
}

function concernsOfProfile({ profile_key, paused, jobs }: DashboardProfile): Concern[] {
  const concern = { about: "profile", name: profile_key, tone: "warn", note: "" } as const;
  const tooLarge = jobs.filter(({ reason }) => reason === "unsatisfiable_now").length;
  const concerns: Concern[] = [];
  if (paused !== null) concerns.push({ ...concern, what: "paused", says: "is paused", note: paused.note });
  if (tooLarge > 0) {
    const verb = tooLarge === 1 ? "asks" : "ask";
    const says = `has ${countOf(tooLarge, "job")} that ${verb} for more runners than there are now`;
    concerns.push({ ...concern, what: "too-large", says });
  }
  return concerns;
}
