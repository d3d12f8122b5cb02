// What an operator should know before anything else: which monitors are ill or drained, which profiles are paused or asked for too much.
import type { Dashboard, DashboardMonitor, DashboardProfile } from "./dashboard-data.ts";
import { countOf, type Tone } from "./dashboard-words.ts";

export interface Concern {
  readonly about: "monitor" | "profile";
  readonly name: string;
  readonly tone: Tone;
  /** goes on where the name ends */
  readonly says: string;
  /** an operator's own words; may be empty */
  readonly note: string;
}

/** The worst first. Nothing in it changes by time alone. */
export function listConcerns({ monitors, profiles }: Dashboard): readonly Concern[] {
  const all = [...monitors.flatMap(concernsOfMonitor), ...profiles.flatMap(concernsOfProfile)];
  return [...all.filter(({ tone }) => tone === "bad"), ...all.filter(({ tone }) => tone !== "bad")];
}

/** Nobody can tell what it has. One that is drained or left alone for a while is not ill. */
export function isIll({ state }: DashboardMonitor): boolean {
  return state !== "fresh";
}

function concernsOfMonitor({ name, state, draining, backing_off_until }: DashboardMonitor): Concern[] {
  const concern = (tone: Tone, says: string, note = ""): Concern => ({ about: "monitor", name, tone, says, note });
  const concerns: Concern[] = [];
  if (state === "failing") concerns.push(concern("bad", "gives no dashboard"));
  else if (state === "stale") concerns.push(concern("warn", "is silent: its last dashboard is too old to count"));
  else if (state !== "fresh") concerns.push(concern("warn", "was never heard of"));
  if (draining !== null) concerns.push(concern("warn", "is draining", draining.note));
  if (backing_off_until !== null) concerns.push(concern("warn", "gets no takes for now, after refusals"));
  return concerns;
}

function concernsOfProfile({ profile_key, paused, jobs }: DashboardProfile): Concern[] {
  const concern = (says: string, note = ""): Concern => ({
    about: "profile",
    name: profile_key,
    tone: "warn",
    says,
    note,
  });
  const tooLarge = jobs.filter(({ reason }) => reason === "unsatisfiable_now").length;
  const concerns: Concern[] = [];
  if (paused !== null) concerns.push(concern("is paused", paused.note));
  if (tooLarge > 0) {
    const verb = tooLarge === 1 ? "asks" : "ask";
    concerns.push(concern(`has ${countOf(tooLarge, "job")} that ${verb} for more runners than there are now`));
  }
  return concerns;
}
