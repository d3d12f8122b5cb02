// What changed between two looks, a line for each profile and monitor, for whoever watches without
// a terminal. What changes with every second (ages, times) is no change.

import { describeAuthor } from "./paper/render-act.ts";
import type { Dashboard, Monitor, Profile } from "./requests/documents.ts";

type Facts = Readonly<Record<string, string | number>>;

export function describeChanges(before: Dashboard, after: Dashboard): readonly string[] {
  return [
    ...compare(
      factsOf(before.profiles, nameOfProfile, tellProfile),
      factsOf(after.profiles, nameOfProfile, tellProfile),
    ),
    ...compare(
      factsOf(before.monitors, nameOfMonitor, tellMonitor),
      factsOf(after.monitors, nameOfMonitor, tellMonitor),
    ),
  ];
}

const nameOfProfile = ({ profile_key }: Profile): string => profile_key;
const nameOfMonitor = ({ name }: Monitor): string => name;

function tellProfile({ waiting, runners_wanted, capacity, paused }: Profile): Facts {
  return {
    waiting,
    "runners wanted": runners_wanted,
    free: capacity.available,
    idle: capacity.idle,
    claimed: capacity.claimed,
    target: capacity.target,
    paused: paused === null ? "no" : describeAuthor(paused.by, paused.note),
  };
}

function tellMonitor({ state, profiles, draining }: Monitor): Facts {
  return {
    state,
    idle: profiles.reduce((sum, { idle }) => sum + idle, 0),
    target: profiles.reduce((sum, { target }) => sum + target, 0),
    draining: draining === null ? "no" : describeAuthor(draining.by, draining.note),
  };
}

function factsOf<T>(all: readonly T[], nameOf: (one: T) => string, tell: (one: T) => Facts): Map<string, Facts> {
  return new Map(all.map((one) => [nameOf(one), tell(one)]));
}

/** "linux: waiting 3, was 2; free 0, was 1" */
function compare(before: ReadonlyMap<string, Facts>, after: ReadonlyMap<string, Facts>): string[] {
  const gone = [...before.keys()].filter((name) => !after.has(name)).map((name) => `${name}: gone`);
  const changed = [...after].flatMap(([name, facts]) => {
    const old = before.get(name);
    const parts = Object.entries(facts)
      .filter(([fact, value]) => old?.[fact] !== value)
      .map(([fact, value]) => (old === undefined ? `${fact} ${value}` : `${fact} ${value}, was ${old[fact]}`));
    return parts.length === 0 ? [] : [`${name}: ${old === undefined ? "new: " : ""}${parts.join("; ")}`];
  });
  return [...gone, ...changed];
}
