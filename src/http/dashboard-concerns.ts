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

/** Ill: it cannot be told what it has. Draining and backing off are not ill. */
export function isIll({ state }: DashboardMonitor): boolean {
  return state !== "fresh";
}

function concernsOfMonitor({ name, state, failures, draining, backing_off_until }: DashboardMonitor): Concern[] {
  const about = { about: "monitor", name, note: "" } as const;
  const ills: Readonly<Record<string, Concern>> = {
    failing: { ...about, tone: "bad", says: `fails: no dashboard at ${countOf(failures, "try").replace("trys", "tries")}` },
    stale: { ...about, tone: "warn", says: "is silent: its last dashboard is too old to count" },
    unknown: { ...about, tone: "warn", says: "was never heard of" },
  };
  const ill = ills[state];
  return [
    ...(ill === undefined ? [] : [ill]),
    ...(draining === null ? [] : [{ ...about, tone: "warn", says: "is draining", note: draining.note } as const]),
    ...(backing_off_until === null ? [] : [{ ...about, tone: "warn", says: "gets no takes for now: it refused some" } as const]),
  ];
}

function concernsOfProfile({ profile_key, paused, jobs }: DashboardProfile): Concern[] {
  const about = { about: "profile", name: profile_key, note: "", tone: "warn" } as const;
  const tooLarge = jobs.filter(({ reason }) => reason === "unsatisfiable_now").length;
  return [
    ...(paused === null ? [] : [{ ...about, says: "is paused", note: paused.note }]),
    ...(tooLarge === 0
      ? []
      : [{ ...about, says: `has ${countOf(tooLarge, "job")} that ${tooLarge === 1 ? "asks" : "ask"} for more runners than there are` }]),
  ];
}
