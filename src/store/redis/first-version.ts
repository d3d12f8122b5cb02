// Coming from the first version's keys: they stand beside this version's and end by themselves.
// Tickets bring the line back; what operators said - drains and pauses - is taken over, once. While
// an instance of the first version still writes there, two queues would claim the same runners:
// then a start is refused.
import type { RedisClient } from "./address.ts";
import type { Keys } from "./keys.ts";

/** An instance of the first version asks each monitor every second or so. */
const stillWritingMs = 5_000;

export type Adoption =
  | { readonly kind: "adopted"; readonly advice: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

export async function adoptFirstVersion(
  redis: RedisClient,
  keys: Keys,
  monitors: readonly string[],
): Promise<Adoption> {
  const { profiles, monitor, drain, paused } = keys.firstVersion;
  const known = await redis.smembers(profiles);
  if (known.length === 0) return { kind: "adopted", advice: [] };
  const [seconds] = await redis.time();
  const now = Number(seconds) * 1000;
  for (const name of monitors) {
    const begunAt = Number((await redis.hget(monitor(name), "begunAt")) ?? 0);
    if (begunAt + stillWritingMs > now) {
      return {
        kind: "refused",
        why: "an instance of the first version still serves from this Redis: stop all of them, then start this one",
      };
    }
  }
  const advice: string[] = [];
  for (const name of monitors) {
    const word = await redis.get(drain(name));
    if (word === null) continue;
    const isNew = (await redis.set(keys.document(`drain/${name}`), `${now} ${word}`, "NX")) === "OK";
    if (isNew) advice.push(`the last word on monitor ${name} was taken over from the first version`);
  }
  for (const profileKey of known) {
    const act = await redis.get(paused(profileKey));
    const [head = ""] = keys.ofProfile(profileKey);
    if (act !== null && (await redis.hsetnx(head, "paused", act)) === 1) {
      advice.push(`the pause of profile ${profileKey} was taken over from the first version`);
    }
  }
  return { kind: "adopted", advice };
}
