// Names every Redis key. All keys of one script carry the same hash tag - the profile's, the
// monitor's or the document's - so that profiles spread over a Redis Cluster. docs/redis-keys.md is
// generated from `describeKeys`. "2" is the layout: an instance leaves alone what it does not
// understand.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";

const layout = "2";

export interface Keys {
  /** KEYS of the load script; of the commit script with three more. */
  readonly ofProfile: (profileKey: string) => readonly string[];
  readonly history: (profileKey: string) => string;
  /** A channel, not a key. */
  /** What was counted in an hour (since 1970). */
  readonly counts: (profileKey: string, hour: number) => string;
  readonly wakeChannel: (profileKey: string) => string;
  readonly places: (monitor: string) => string;
  readonly fence: (monitor: string) => string;
  readonly results: (monitor: string) => string;
  readonly document: (name: string) => string;
  readonly roll: (name: string) => string;
  readonly profiles: string;
  /** Where the first version kept its profiles: nobody may still write there. */
  readonly firstVersion: {
    readonly profiles: string;
    readonly monitor: (monitor: string) => string;
    readonly drain: (monitor: string) => string;
    readonly paused: (profileKey: string) => string;
  };
}

/** Keys of profiles seen: written once, for the polled path. */
const maxKnown = 20_000;

/** @param prefix REDIS_PREFIX: keeps deployments on one Redis apart */
export function createKeys(prefix: string): Keys {
  const known = new LRUCache<string, readonly string[]>(growingTo(maxKnown));
  const ofPart = (profileKey: string, part: string) => `${prefix}:${layout}:{${profileKey}}:${part}`;
  const ofMonitor = (monitor: string, part: string) => `${prefix}:${layout}:monitor:{${monitor}}:${part}`;
  return {
    ofProfile: (profileKey) => {
      let keys = known.get(profileKey);
      if (keys === undefined) {
        const parts = [
          "head",
          "line",
          "aside",
          "claimed",
          "due",
          "fleet",
          "changes",
          "job:",
          "history",
          "commit:",
          "counts:",
        ];
        keys = parts.map((part) => ofPart(profileKey, part));
        known.set(profileKey, keys);
      }
      return keys;
    },
    history: (profileKey) => ofPart(profileKey, "history"),
    counts: (profileKey, hour) => ofPart(profileKey, `counts:${hour}`),
    wakeChannel: (profileKey) => ofPart(profileKey, "wake"),
    places: (monitor) => ofMonitor(monitor, "places"),
    fence: (monitor) => ofMonitor(monitor, "fence"),
    results: (monitor) => ofMonitor(monitor, "results"),
    document: (name) => `${prefix}:${layout}:document:{${name}}`,
    roll: (name) => `${prefix}:${layout}:roll:{${name}}`,
    profiles: `${prefix}:${layout}:profiles`,
    firstVersion: {
      profiles: `${prefix}:profiles`,
      monitor: (monitor) => `${prefix}:monitor:{${monitor}}`,
      drain: (monitor) => `${prefix}:monitor:{${monitor}}:drain`,
      paused: (profileKey) => `${prefix}:{${profileKey}}:paused`,
    },
  };
}

export interface KeyDescription {
  readonly key: string;
  readonly holds: string;
  readonly ends: string;
}

/** Every key, for the documents. */
export function describeKeys(): readonly KeyDescription[] {
  const keys = createKeys("rq");
  const [head = "", line = "", aside = "", claimed = "", due = "", fleet = "", changes = "", job = "", , commit = ""] =
    keys.ofProfile("<profile>");
  return [
    {
      key: `${job}<unique_id>`,
      holds: "one job: its revision, and JSON",
      ends: "a live job: no TTL, for the lists name it, and sweeping ends it in time; a finished one: TOMBSTONE_TTL, or when its ticket is too old, whichever is later",
    },
    {
      key: head,
      holds:
        "which run of which server knows this queue and since when, the room revision, the fleet's version, the last place, who paused it, the freed rate, the chart, and how the line is shared out; a hash",
      ends: "no TTL: forgetting it would make every waiting job look like one whose claim was forgotten",
    },
    {
      key: line,
      holds: "present jobs in order, sorted set of `<need>:<order>:<unique_id>`",
      ends: "no TTL: sweeping takes every job out in time, and Redis deletes an empty set",
    },
    { key: aside, holds: "queued jobs that hold nobody back; members as the line's", ends: "no TTL: as the line" },
    { key: claimed, holds: "jobs that are being asked for; members as the line's", ends: "no TTL: as the line" },
    { key: due, holds: "jobs by when time alone next changes them", ends: "no TTL: as the line" },
    {
      key: fleet,
      holds:
        "what each monitor last said of the profile, and what was taken there since; a hash of JSON with revisions",
      ends: "no TTL: a monitor that no instance asks for two minutes is taken out",
    },
    { key: changes, holds: "which version of the fleet changed which of its documents", ends: "no TTL: as the fleet" },
    {
      key: keys.history("<profile>"),
      holds: "the last 2,000 changes of jobs and acts of operators, a stream",
      ends: "no TTL: capped",
    },
    {
      key: `${keys.ofProfile("<profile>").at(-1)}<hour>`,
      holds:
        "how jobs of an hour ended and what they waited, by repository, and the minutes' sums; a hash of counters, of 1,000 names at most",
      ends: "HISTORY_KEEP after the last of its counts",
    },
    { key: `${commit}<id>`, holds: "that a change was written, should its reply be lost", ends: "60 s" },
    { key: keys.profiles, holds: "every profile that was ever begun", ends: "no TTL: a handful of names" },
    {
      key: keys.document("id/<unique_id>"),
      holds: "the profile under which an id was enqueued, and the id as it was spelt",
      ends: "24 h after the enqueue, or as long as its job may be remembered; with the tombstone, where the job ended without runners",
    },
    { key: keys.document("served"), holds: "since when some instance serves without a break", ends: "no TTL: one" },
    { key: keys.document("health"), holds: "that a write succeeds: readiness and store_up ask so", ends: "60 s" },
    {
      key: keys.document("monitor/<monitor>"),
      holds: "who asks the monitor next and when, and how it stands",
      ends: "1 h after its last change",
    },
    {
      key: keys.document("running/<monitor>"),
      holds: "runners of the monitor that are reserved for a job or busy with it, and since when",
      ends: "2 h after it was written last; what stays the same is written again after 1 h",
    },
    {
      key: keys.document("drain/<monitor>"),
      holds: "the last word on the monitor: who drained or resumed it, when, why and until when",
      ends: "no TTL: it counts until the next one",
    },
    {
      key: keys.document("asked/<owner>/<repository>#<run_id>"),
      holds: "when GitHub was last asked about the run, and the ETags of what it said",
      ends: "24 h after that",
    },
    {
      key: keys.fence("<monitor>"),
      holds: "until when no take is sent there",
      ends: "no TTL: it counts until the next word on the monitor",
    },
    {
      key: keys.places("<monitor>"),
      holds: "legs that may be at work at the monitor",
      ends: "a minute after the last of them",
    },
    {
      key: keys.roll("run/<owner>/<repository>#<run_id>"),
      holds:
        "jobs of a run that wait or are being asked for, enqueued by a caller who is counted (docs/security.md); a sorted set",
      ends: "24 h after the last enqueue",
    },
    {
      key: keys.roll("jobs/<owner>/<repository>"),
      holds: "the same of a repository",
      ends: "24 h after the last enqueue",
    },
    {
      key: keys.roll("ended/<owner>/<repository>"),
      holds: "jobs of a repository that are over and remembered, by when they are forgotten",
      ends: "with the last of them",
    },
    { key: keys.roll("ended"), holds: "the same of all repositories", ends: "with the last of them" },
    {
      key: keys.roll("waiting/<scope>/<name>"),
      holds: "jobs of a repository, owner or class that wait or are being asked for, where the policy says max_waiting",
      ends: "24 h after the last enqueue",
    },
    {
      key: keys.roll("runners/<scope>/<name>"),
      holds:
        "runners of a repository, owner or class that are reserved, at work or being asked for, where the policy says max_runners",
      ends: "minutes after the last of them was shown",
    },
    {
      key: keys.roll("aside/<profile>/<owner>/<repository>/<class>"),
      holds: "jobs that stand aside for such a limit, by their place",
      ends: "with the last of them: a job leaves when it claims, is over, or is found to be gone",
    },
    {
      key: keys.roll("questions"),
      holds: "jobs that GitHub is asked about, by when, plus 24 h",
      ends: "24 h after the last of them is due",
    },
    { key: keys.results("<monitor>"), holds: "how many takes came to what", ends: "24 h after the last take" },
  ];
}
