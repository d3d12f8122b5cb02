// Which monitors' runners were counted by the policy of now. It is noted in the store, so that it is forgotten with what
// was counted: after a reload, or a loss of the store, no limit says that there is room before every monitor that is
// heard was counted anew.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";
import { isFresh } from "../../queue/fleet/fleet.ts";
import { hashOf } from "../../queue/hash.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { Store } from "../../queue/store.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import { nobodyIsTooMany } from "./runner-rolls.ts";

export interface CountedMonitors {
  has(monitor: string): Promise<boolean>;
  note(monitor: string): Promise<void>;
  /**
   * Whether all are counted that are heard of in this profile. `now` is the store's clock, `lostAt` since when it knows
   * everything, ms.
   */
  hasAll(profileKey: string, now: number, lostAt: number): Promise<boolean>;
}

export interface CountedMonitorsDeps {
  readonly store: Pick<Store, "enrol" | "countRoll">;
  readonly runner: Pick<OperationRunner, "capacity">;
  readonly policy: () => Policy | undefined;
  readonly settings: Pick<QueueSettings, "snapshotFreshMs">;
}

/** Whoever counts a monitor notes it again sooner than this, ms. */
const keptForMs = 60_000;
const noted = "counted";
const maxKnown = 1_000;

export function createCountedMonitors({ store, runner, policy, settings }: CountedMonitorsDeps): CountedMonitors {
  const names = new WeakMap<Policy, string>();
  const known = new LRUCache<string, true>({ ...growingTo(maxKnown), ttl: keptForMs });
  const nameOfPolicy = (): string => {
    const current = policy();
    if (current === undefined) return "none";
    const name = names.get(current) ?? String(hashOf(JSON.stringify(current)));
    names.set(current, name);
    return name;
  };
  const rollOf = (monitor: string) => `counted/${nameOfPolicy()}/${monitor}`;
  const has = async (monitor: string) => (await store.countRoll(rollOf(monitor))) > 0;

  return {
    has,
    note: async (monitor) => {
      await store.enrol(rollOf(monitor), noted, nobodyIsTooMany, keptForMs);
    },
    hasAll: async (profileKey, now, lostAt) => {
      const rows = [...(runner.capacity(profileKey)?.rows ?? [])];
      const heard = rows.flatMap(([monitor, row]) => (isFresh(row, now, settings.snapshotFreshMs) ? [monitor] : []));
      const key = [nameOfPolicy(), lostAt, ...heard.sort()].join(" ");
      if (known.has(key)) return true;
      const areAll = (await Promise.all(heard.map(has))).every(Boolean);
      if (areAll) known.set(key, true);
      return areAll;
    },
  };
}
