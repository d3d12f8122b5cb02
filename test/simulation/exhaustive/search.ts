// Looks at every state that a small world can come to, by whatever order of events: each state
// once, for states that cannot be told apart have the same future (canonical.ts). Where a promise
// is broken, it says by which events.

import type { Broken } from "../promises.ts";
import type { Seen } from "../seen.ts";
import { canonicalOf } from "./canonical.ts";
import { beginWorld, eventsOf } from "./events.ts";
import { settleDown } from "./rest.ts";
import type { World, WorldEvent, WorldPlan } from "./small-world.ts";
import { step } from "./step.ts";

export interface Coverage {
  readonly states: number;
  readonly transitions: number;
  /** events by kind that led to a state that was new */
  readonly events: Readonly<Record<string, number>>;
  /** states that were followed to the end of their jobs without further faults */
  readonly ends: number;
  readonly depth: number;
  /** how often each promise was looked at */
  readonly looks: Seen["looks"];
  /** everything was looked at, and not only as much as was allowed */
  readonly isWhole: boolean;
  readonly fault: { readonly broken: readonly Broken[]; readonly story: readonly string[] } | null;
}

interface Trail {
  readonly event: WorldEvent | null;
  readonly before: Trail | null;
  readonly length: number;
}

/**
 * @param maxStates no more states than these are looked at
 * @param endEvery each so-many-th new state is followed to the end of its jobs
 */
export function searchWorld(plan: WorldPlan, maxStates: number, endEvery: number): Coverage {
  const first = beginWorld(plan);
  const seen = new Set([canonicalOf(first)]);
  const stack: { readonly world: World; readonly trail: Trail }[] = [
    { world: first, trail: { event: null, before: null, length: 0 } },
  ];
  const events: Record<string, number> = {};
  let [transitions, ends, depth] = [0, 0, 0];
  const coverage = (isWhole: boolean, fault: Coverage["fault"] = null): Coverage => {
    return { states: seen.size, transitions, events, ends, depth, looks: first.seen.looks, isWhole, fault };
  };
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    for (const event of eventsOf(top.world)) {
      transitions += 1;
      const world = step(top.world, event);
      const trail = { event, before: top.trail, length: top.trail.length + 1 };
      if (world.broken.length > 0) return coverage(false, { broken: world.broken, story: tellStory(trail) });
      if (isNothingNew(top.world, world)) continue;
      const name = canonicalOf(world);
      if (seen.has(name)) continue;
      seen.add(name);
      events[event.kind] = (events[event.kind] ?? 0) + 1;
      depth = Math.max(depth, trail.length);
      if (seen.size % endEvery === 0) {
        ends += 1;
        const { broken } = settleDown(world);
        if (broken.length > 0) return coverage(false, { broken, story: [...tellStory(trail), "and then in calm"] });
      }
      if (seen.size >= maxStates) return coverage(false);
      stack.push({ world, trail });
    }
  }
  return coverage(true);
}

/** Somebody asked, and was told to wait: most events are this, and it costs nothing to see it. */
function isNothingNew(before: World, after: World): boolean {
  const isSame = (["kept", "instances", "monitors", "left", "now"] as const).every(
    (part) => before[part] === after[part],
  );
  return isSame && before.seen.open.size === after.seen.open.size && countEnds(before) === countEnds(after);
}

function countEnds({ seen }: World): number {
  let ends = 0;
  for (const { answeredAt, overAt } of seen.clients.values()) {
    ends += (answeredAt === null ? 0 : 1) + (overAt === null ? 0 : 1);
  }
  return ends;
}

/** The events that led here, a line each. */
function tellStory(trail: Trail): string[] {
  const story: string[] = [];
  for (let at: Trail | null = trail; at?.event; at = at.before) story.push(JSON.stringify(at.event));
  return story.reverse();
}
