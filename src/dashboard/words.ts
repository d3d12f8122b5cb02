// Codes in an operator's words, for the page and for the terminal alike. A code that is not known
// here is shown as it is.
import type { DashboardJob, DashboardMonitor } from "./dashboard-data.ts";

/**
 * How urgent something is: nothing to do, soon better by itself, somebody may have to look,
 * somebody has to.
 */
export type Tone = "calm" | "good" | "warn" | "bad";

const reasons = {
  no_capacity: ["No runner is free", "calm"],
  not_your_turn: ["Free runners go to jobs ahead", "calm"],
  monitors_busy: ["Next; the monitors are busy", "good"],
  monitor_refuses: ["Idle runners, but their monitor refuses", "bad"],
  unsatisfiable_now: ["Asks for too many runners", "warn"],
  fleet_unknown: ["No monitor is heard of", "bad"],
  profile_paused: ["The profile is paused", "warn"],
  claim_in_flight: ["Asking for runners", "good"],
  reconciling: ["Checking what is reserved", "warn"],
  repository_limit: ["Has the runners that it may have", "calm"],
  asleep: ["Missed its poll", "warn"],
  stands_aside: ["Stands aside for a moment", "warn"],
  your_turn: ["Its turn, at its next poll", "good"],
} as const satisfies Record<DashboardJob["reason"], readonly [string, Tone]>;

const monitorTones = {
  fresh: "good",
  stale: "warn",
  failing: "bad",
  unknown: "warn",
} as const satisfies Record<DashboardMonitor["state"], Tone>;

const endTones: ReadonlyMap<string, Tone> = new Map([
  ["taken", "good"],
  ["abandoned", "warn"],
  ["cancelled", "calm"],
  ["failed", "bad"],
]);

const startTones: ReadonlyMap<string, Tone> = new Map([
  ["starting", "calm"],
  ["started", "good"],
  ["lost", "bad"],
  ["over", "calm"],
]);

const knownReasons: ReadonlyMap<string, readonly [string, Tone]> = new Map(Object.entries(reasons));
const knownMonitorTones: ReadonlyMap<string, Tone> = new Map(Object.entries(monitorTones));

export function describeReason(reason: string): string {
  return knownReasons.get(reason)?.[0] ?? reason;
}

export function toneOfReason(reason: string): Tone {
  return knownReasons.get(reason)?.[1] ?? "warn";
}

export function toneOfMonitor(state: string): Tone {
  return knownMonitorTones.get(state) ?? "warn";
}

export function toneOfEnd(what: string): Tone {
  return endTones.get(what) ?? "calm";
}

/** Of a job whose owner does not ask now and then. */
export function describePresence(presence: Exclude<DashboardJob["presence"], "polls">): string {
  return presence === "connected" ? "connected" : "GitHub waits";
}

export function toneOfStart(state: string): Tone {
  return startTones.get(state) ?? "warn";
}

/** "1 job", "10,000 jobs" */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** "37 jobs wait for 45 runners"; one job waits. */
export function describeWaiting(jobs: number, runners: number): string {
  if (jobs === 0) return "Nobody waits";
  return `${countOf(jobs, "job")} ${jobs === 1 ? "waits" : "wait"} for ${countOf(runners, "runner")}`;
}

/** What came of a monitor's takes: "412 taken, 3 unreachable". */
export function describeTakes(takes: DashboardMonitor["takes"]): string {
  const parts = Object.entries(takes).filter(([, count]) => count > 0);
  return parts.length === 0 ? "none yet" : parts.map(([result, count]) => `${formatCount(count)} ${result}`).join(", ");
}
