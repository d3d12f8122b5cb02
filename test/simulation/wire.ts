// The network of a simulated world: how long a message takes, whether it comes, comes late, or
// comes twice, and who cannot reach whom.
import type { Chance } from "./chance.ts";
import type { WorldTime } from "./world-time.ts";

/** Which way: from what to what, and back. */
export const ways = ["client", "store", "monitor"] as const;
export type Way = (typeof ways)[number];

/** How often a message of a way suffers what, 0 to 1. */
export interface Weather {
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly lateRequest: number;
  readonly lateReply: number;
  readonly doubledRequest: number;
}
export type WireFault = keyof Weather;

export const fairWeather: Weather = {
  lostRequest: 0,
  lostReply: 0,
  lateRequest: 0,
  lateReply: 0,
  doubledRequest: 0,
};

export interface Wire {
  weather: Record<Way, Weather>;
  /** Nobody of these two reaches the other, until what is returned is called. */
  part(one: string, other: string): () => void;
  areParted(one: string, other: string): boolean;
  /** How long a message takes, ms. */
  latencyMs(way: Way): number;
  /** What befalls this message. `extraMs`: so much later than others it comes */
  fateOfRequest(way: Way): "comes" | "lost" | "doubled" | { readonly extraMs: number };
  fateOfReply(way: Way): "comes" | "lost" | { readonly extraMs: number };
  after: WorldTime["after"];
}

/** How long a message takes on the way, and how much longer a late one, ms. */
const latencies: Readonly<Record<Way, { readonly min: number; readonly mean: number; readonly late: number }>> = {
  client: { min: 5, mean: 15, late: 40_000 },
  store: { min: 0.2, mean: 0.3, late: 4_000 },
  // more than MONITOR_SETTLE allows for is out of anybody's hands: a take that left is at its
  // monitor within seconds
  monitor: { min: 1, mean: 4, late: 2_500 },
};

export function createWire(time: WorldTime, chance: Chance): Wire {
  const parted = new Map<string, number>();
  const keyOf = (one: string, other: string) => (one < other ? `${one} ${other}` : `${other} ${one}`);
  const wire: Wire = {
    weather: { client: fairWeather, store: fairWeather, monitor: fairWeather },
    part: (one, other) => {
      const key = keyOf(one, other);
      parted.set(key, (parted.get(key) ?? 0) + 1);
      return () => {
        const left = (parted.get(key) ?? 1) - 1;
        if (left > 0) parted.set(key, left);
        else parted.delete(key);
      };
    },
    areParted: (one, other) => parted.size > 0 && parted.has(keyOf(one, other)),
    latencyMs: (way) => latencies[way].min + chance.span(latencies[way].mean),
    fateOfRequest: (way) => {
      const weather = wire.weather[way];
      if (weather === fairWeather) return "comes";
      if (chance.happens(weather.lostRequest)) return "lost";
      if (chance.happens(weather.lateRequest)) return { extraMs: chance.between(0.2, 1) * latencies[way].late };
      return chance.happens(weather.doubledRequest) ? "doubled" : "comes";
    },
    fateOfReply: (way) => {
      const weather = wire.weather[way];
      if (weather === fairWeather) return "comes";
      if (chance.happens(weather.lostReply)) return "lost";
      return chance.happens(weather.lateReply) ? { extraMs: chance.between(0.2, 1) * latencies[way].late } : "comes";
    },
    after: time.after,
  };
  return wire;
}
