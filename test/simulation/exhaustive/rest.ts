// A small world without further faults: everybody does what is to be done, and asks again, until
// all jobs are over. That they come to an end at all is a promise.
import { promises } from "../promises.ts";
import { eventsOf, mayTick } from "./events.ts";
import type { Budget, World, WorldEvent } from "./small-world.ts";
import { callAtOnce, step } from "./step.ts";

/** Ten minutes at least: more than any wait for evidence. */
const maxSteps = 200;
/** In one moment nobody has more to do than this. */
const maxEvents = 500;

const nothingLeft: Budget = { crashes: 0, pauses: 0, lostReplies: 0, races: 0, lateSnapshots: 0, ticks: 0 };

/** The world once its jobs are over. What was broken on the way is in it. */
export function settleDown(before: World): World {
  let world: World = { ...before, left: nothingLeft };
  const broken = [...before.broken];
  const go = (next: World): void => {
    world = next;
    broken.push(...next.broken);
  };
  for (const [instance, { pending, isPaused }] of Object.entries(before.instances)) {
    if (isPaused) go(step(world, { kind: "wake", instance }));
    if (pending !== null) go(step(world, { kind: "commit", instance }));
  }
  for (let tick = 0; tick < maxSteps && world.seen.open.size > 0; tick++) {
    let events = 0;
    for (let event = nextEvent(world); event !== undefined && events < maxEvents; event = nextEvent(world)) {
      events += 1;
      go(step(world, event));
    }
    for (const uniqueId of Object.keys(world.tickets))
      go(callAtOnce(world, livingOf(world), { kind: "poll", uniqueId }));
    // what a claim began is done before time passes
    for (let event = nextEvent(world); event !== undefined && events < maxEvents; event = nextEvent(world)) {
      events += 1;
      go(step(world, event));
    }
    if (events >= maxEvents || !mayTick(world)) {
      return { ...world, broken: [...broken, { promise: "ends", sentence: `${promises.ends}: nobody comes to rest` }] };
    }
    go(step(world, { kind: "tick" }));
  }
  const open = [...world.seen.open];
  const never = { promise: "ends" as const, sentence: `${promises.ends}: ${open.join(" and ")} never do` };
  return { ...world, broken: open.length > 0 ? [...broken, never] : broken };
}

/** Something to be done by somebody, but polls. */
function nextEvent(world: World): WorldEvent | undefined {
  return eventsOf(world).find((event) => event.kind !== "begin" && (event.kind !== "do" || event.call.kind !== "poll"));
}

function livingOf({ instances }: World): string {
  return Object.entries(instances).find(([, { isAlive }]) => isAlive)?.[0] ?? "";
}
