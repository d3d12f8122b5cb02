// What goes wrong in a simulated world, and for how long. A storm is some troubles at once; each
// undoes itself by the end of the storm, and then the world is calm for a while: what the queue
// promises of itself must be true again.
import type { Chance } from "./chance.ts";
import { goodMood, type Host, type Mood } from "./host.ts";
import { storeName } from "./store-client.ts";
import { fairWeather, type Way, type Weather } from "./wire.ts";
import type { World } from "./world.ts";

/** A trouble that begins now and is over by `until`. */
type Trouble = (world: World, chance: Chance, until: number) => void;

const badWeather = (chance: Chance, way: Way): Weather => ({
  lostRequest: chance.between(0, 0.05),
  lostReply: chance.between(0, 0.05),
  lateRequest: chance.between(0, 0.05),
  lateReply: chance.between(0, way === "client" ? 0.1 : 0.05),
  doubledRequest: chance.between(0, 0.04),
});

/** Calls `act` again and again, about every `meanMs`, until it is too late to undo what it does. */
function again(world: World, chance: Chance, meanMs: number, until: number, act: (lastsUntil: number) => void): void {
  const { time } = world;
  const next = (): void => {
    time.after(chance.span(meanMs), () => {
      if (time.now >= until - 1_000) return;
      act(until);
      next();
    });
  };
  next();
}

function weather(way: Way): Trouble {
  return (world, chance, until) => {
    world.wire.weather[way] = badWeather(chance, way);
    world.time.at(until, () => {
      world.wire.weather[way] = fairWeather;
    });
  };
}

const pauses: Trouble = (world, chance, until) =>
  again(world, chance, 12_000, until, (end) => {
    const instance = world.instances[chance.whole(0, 2)];
    const { machine } = instance ?? {};
    if (instance === undefined || machine === undefined || machine.isPaused || !machine.isAlive) return;
    const ms = Math.min(end - world.time.now, 2_000 + chance.span(12_000));
    const isInUse = instance.openRequests > 0 || instance.isBusy;
    world.trace.note(null, () => `${machine.name} is paused for ${Math.round(ms)} ms`);
    machine.pause();
    world.noteHearing();
    world.time.after(ms, () => {
      if (machine.goOn() > 0 && machine.isAlive && isInUse && ms > 2_000) world.tally.bit("pause");
      world.noteHearing();
    });
  });

const crashes: Trouble = (world, chance, until) =>
  again(world, chance, 15_000, until, (end) => {
    const slot = chance.whole(0, 2);
    const instance = world.instances[slot];
    if (instance === undefined || !instance.isServing) return;
    world.crashInstance(slot);
    const ms = Math.min(end - world.time.now, 1_000 + chance.span(8_000));
    world.time.after(ms, () => world.startInstance(slot, instance.reach));
  });

const partitions: Trouble = (world, chance, until) =>
  again(world, chance, 30_000, until, (end) => {
    const one = `i${chance.whole(0, 2)}`;
    const other = chance.happens(0.4) ? storeName : `m${chance.whole(0, world.hosts.size - 1)}`;
    const ms = Math.min(end - world.time.now, 1_000 + chance.span(15_000));
    world.trace.note(null, () => `${one} and ${other} do not reach each other for ${Math.round(ms)} ms`);
    const mend = world.wire.part(one, other);
    world.noteHearing();
    world.time.after(ms, () => {
      mend();
      world.noteHearing();
    });
  });

/** The store's clock is set, again and again, by one of these. */
function clockSteps(meanMs: number, ...steps: readonly [number, ...number[]]): Trouble {
  return (world, chance, until) =>
    again(world, chance, meanMs, until, () => {
      const ms = chance.pick(steps);
      world.trace.note(null, () => `the store's clock is set by ${ms} ms`);
      world.store.state.clockOffsetMs += ms;
      world.noteClockStep();
    });
}

const storeAway: Trouble = (world, chance, until) =>
  again(world, chance, 60_000, until, (end) => {
    refuse(world, chance.pick(["OOM", "READONLY", "LOADING"]), Math.min(end - world.time.now, chance.span(15_000)));
  });

function refuse(world: World, why: string, ms: number): void {
  const { state } = world.store;
  if (state.refusal !== null) return;
  world.trace.note(null, () => `the store refuses for ${Math.round(ms)} ms: ${why}`);
  state.refusal = why;
  world.noteHearing();
  world.time.after(ms, () => {
    state.refusal = null;
    world.noteHearing();
  });
}

/** A store that begins anew with all that it knew, without the end of it, or with nothing. */
const storeLosses: Trouble = (world, chance, until) =>
  again(world, chance, 60_000, until, (end) => {
    const kind = chance.pick(["restart", "rollback", "wipe"] as const);
    world.restartStore(kind, kind === "rollback" ? chance.between(500, 4_500) : 0);
    refuse(world, "it starts", Math.min(end - world.time.now, 200 + chance.span(5_000)));
  });

/**
 * Instances come back one after the other and know other hosts than before: for a while they
 * differ.
 */
const changedMonitors: Trouble = (world, chance, until) => {
  const all = [...world.hosts.keys()];
  const known = world.instances[0]?.reach ?? all;
  const forgotten = chance.whole(0, all.length - 1);
  const left = known.length < all.length ? all : all.filter((_, at) => at !== forgotten);
  world.trace.note(null, () => `a rolling restart begins: ${left.join(" ")}`);
  const restart = (slot: number): void => {
    const instance = world.instances[slot];
    if (instance === undefined) return;
    const goOn = () => world.time.after(chance.between(3_000, 25_000), () => restart(slot + 1));
    if (!instance.isServing || instance.machine.isPaused) {
      // it is down anyway: it comes back with what it had, and is asked again
      if (world.time.now < until + 60_000) world.time.after(2_000, () => restart(slot));
      return;
    }
    instance.stop(() => {
      world.time.after(500, () => {
        world.startInstance(slot, left);
        goOn();
      });
    });
    world.noteHearing();
  };
  restart(0);
};

function badMood(mood: Partial<Mood>): Trouble {
  return (world, chance, until) => {
    const host = pickHost(world, chance);
    host.mood = { ...host.mood, ...mood };
    world.trace.note(null, () => `${host.name} is in a bad mood: ${JSON.stringify(mood)}`);
    world.time.at(until, () => {
      host.mood = goodMood;
    });
  };
}

const hostsDown: Trouble = (world, chance, until) =>
  again(world, chance, 60_000, until, (end) => {
    const host = pickHost(world, chance);
    host.goDown(Math.min(end - world.time.now, 1_000 + chance.span(25_000)));
  });

const imageRebuilds: Trouble = (world, chance, until) =>
  again(world, chance, 120_000, until, (end) => {
    const { name, pool, profiles } = pickHost(world, chance);
    const [profile = ""] = profiles;
    world.trace.note(null, () => `${name} rebuilds the image of ${profile}`);
    pool.beginImageRebuild(profile);
    world.time.after(Math.min(end - world.time.now, 10_000 + chance.span(30_000)), () => pool.endImageRebuild(profile));
  });

function pickHost(world: World, chance: Chance): Host {
  const hosts = [...world.hosts.values()];
  const host = hosts[chance.whole(0, hosts.length - 1)];
  if (host === undefined) throw new Error("a world has hosts");
  return host;
}

const troubles = {
  clientWeather: weather("client"),
  storeWeather: weather("store"),
  monitorWeather: weather("monitor"),
  pauses,
  crashes,
  partitions,
  clockSteps: clockSteps(60_000, -3_600_000, -90_000, -5_000),
  clockLeaps: clockSteps(80_000, 12_000, 20_000, 90_000, 3_600_000),
  storeAway,
  storeLosses,
  changedMonitors,
  refusedTakes: badMood({ refusedTakes: 0.6 }),
  unsaidTakes: badMood({ unsaidTakes: 0.6 }),
  slowTakes: badMood({ slowTakes: 0.5 }),
  failedDashboards: badMood({ failedDashboards: 0.3 }),
  hostsDown,
  imageRebuilds,
} as const satisfies Record<string, Trouble>;
export type TroubleName = keyof typeof troubles;
export const troubleNames = Object.keys(troubles) as readonly TroubleName[];

/** Starts some troubles at once, and ends them. */
export function startStorm(world: World, chance: Chance, durationMs: number, allowed: readonly TroubleName[]): void {
  const { time, trace } = world;
  const until = time.now + durationMs;
  const left = [...allowed];
  const chosen: TroubleName[] = [];
  for (let some = chance.whole(2, 5); some > 0 && left.length > 0; some--) {
    chosen.push(...left.splice(chance.whole(0, left.length - 1), 1));
  }
  trace.note(null, () => `a storm begins: ${chosen.join(" ")}`);
  world.tell({ kind: "trouble", at: time.now });
  for (const name of chosen) troubles[name](world, chance.stream(name), until);
  time.at(until + 1, () => {
    trace.note(null, () => "the storm is over");
    world.tell({ kind: "calm", at: time.now });
  });
}
