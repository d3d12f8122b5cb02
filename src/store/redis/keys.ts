// Names every Redis key. All keys of one script carry the same hash tag - the profile's, the monitor's or the id's - so that
// profiles spread over a Redis Cluster. docs/redis-keys.md is generated from `keyDescriptions`.

const queue = (profileKey: string, part: string) => `rq:{${profileKey}}:${part}`;

const partsOfProfile = ["epoch", "fleet", "line", "due", "claims", "aside", "paused", "history"];
/** Keys of profiles seen: written once, for the polled path. A stranger cannot name a profile that does not exist to more than a script. */
const known = new Map<string, readonly string[]>();
const mostKnown = 1_000;

/** KEYS of the scripts that work on one profile, in the order that lua/profile-preamble.lua names them. `job` may be a prefix. */
export function profileKeys(profileKey: string, uniqueId: string): string[] {
  let keys = known.get(profileKey);
  if (keys === undefined) {
    keys = partsOfProfile.map((part) => queue(profileKey, part));
    if (known.size >= mostKnown) known.clear();
    known.set(profileKey, keys);
  }
  return [...keys, queue(profileKey, `job:${uniqueId}`)];
}

export const fleetKey = (profileKey: string) => queue(profileKey, "fleet");
export const chartKey = (profileKey: string) => queue(profileKey, "chart");
export const freedKey = (profileKey: string) => queue(profileKey, "freed");
/** A channel, not a key. */
export const wakeChannel = (profileKey: string) => queue(profileKey, "wake");
export const historyKey = (profileKey: string) => queue(profileKey, "history");
export const placeKey = (profileKey: string) => queue(profileKey, "place");
export const monitorKey = (monitor: string) => `rq:monitor:{${monitor}}`;
export const slotsKey = (monitor: string) => `rq:monitor:{${monitor}}:slots`;
export const drainKey = (monitor: string) => `rq:monitor:{${monitor}}:drain`;
export const takesKey = (monitor: string) => `rq:monitor:{${monitor}}:takes`;
export const idKey = (uniqueId: string) => `rq:id:{${uniqueId.toLowerCase()}}`;
export const profilesKey = "rq:profiles";

export interface KeyDescription {
  readonly key: string;
  readonly holds: string;
  readonly ends: string;
}

export const keyDescriptions: readonly KeyDescription[] = [
  {
    key: queue("<profile>", "job:<unique_id>"),
    holds: "one job, JSON",
    ends: "a live job: TOMBSTONE_TTL + ABANDON_AFTER + UNKNOWN_HOLD after its last change; a finished one: TOMBSTONE_TTL, or when its ticket is too old, whichever is later",
  },
  {
    key: queue("<profile>", "line"),
    holds: "present jobs in order, sorted set of `<needed>:<place>:<unique_id>`",
    ends: "no TTL: sweeping takes every job out in time, and Redis deletes an empty set",
  },
  {
    key: queue("<profile>", "aside"),
    holds: "queued jobs that are asleep, or not cleared after a loss; members as the line's",
    ends: "no TTL: as the line",
  },
  {
    key: queue("<profile>", "paused"),
    holds: "who paused the profile, when, why and until when, JSON",
    ends: "no TTL: an operator ends it",
  },
  {
    key: queue("<profile>", "history"),
    holds: "the last 2,000 changes of jobs and acts of operators, a stream",
    ends: "no TTL: capped",
  },
  {
    key: queue("<profile>", "chart"),
    holds: "jobs waiting and runners idle, one sample a minute for an hour",
    ends: "61 min after the last sample",
  },
  {
    key: queue("<profile>", "freed"),
    holds: "how many runners came free while they were scarce, and for how long they were, JSON",
    ends: "30 min after the last snapshot",
  },
  {
    key: queue("<profile>", "due"),
    holds: "queued jobs by when time alone next changes them",
    ends: "no TTL: as the line",
  },
  {
    key: queue("<profile>", "claims"),
    holds: "jobs with open legs by when their lease lapses",
    ends: "no TTL: as the line",
  },
  {
    key: queue("<profile>", "fleet"),
    holds: "what each monitor last said of the profile, JSON",
    ends: "1 h after its last change",
  },
  {
    key: queue("<profile>", "place"),
    holds: "the last place given",
    ends: "no TTL: places must not go back, even when the clock does",
  },
  {
    key: queue("<profile>", "epoch"),
    holds: "which run of which server knows this queue, and since when",
    ends: "no TTL: forgetting it would make every waiting job look like one whose claim was forgotten",
  },
  {
    key: idKey("<unique_id>"),
    holds: "the profile under which an id was enqueued, and the id as it was spelt",
    ends: "24 h after the enqueue",
  },
  {
    key: profilesKey,
    holds: "every profile that a monitor showed or a lost job named",
    ends: "no TTL: a handful of names",
  },
  {
    key: monitorKey("<monitor>"),
    holds: "who asks the monitor next and when, and how it stands",
    ends: "1 h after its last change",
  },
  {
    key: drainKey("<monitor>"),
    holds: "the last word on the monitor: who drained or resumed it, when, why and until when, JSON",
    ends: "no TTL: it counts until the next one",
  },
  {
    key: takesKey("<monitor>"),
    holds: "how many takes came to what",
    ends: "24 h after the last take",
  },
  {
    key: slotsKey("<monitor>"),
    holds: "legs that may be at work at the monitor",
    ends: "a minute after the last of them",
  },
];
