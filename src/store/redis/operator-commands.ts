// What operators see and do, on Redis: views, history, pauses and drains, and what is counted for them.
import type { Redis } from "ioredis";
import { forEver, isInForce } from "../../queue/acts.ts";
import { describeAct } from "../../queue/history.ts";
import type { ActRequest, MonitorRecord, Store, TakeResult } from "../../queue/ports.ts";
import { chartKey, drainKey, historyKey, monitorKey, takesKey } from "./keys.ts";
import { parseAct, parseHistory, parseRecord, parseViewReply } from "./replies.ts";

type Command = <T>(send: () => Promise<T>) => Promise<T>;
type RunOnProfile = (
  script: "view" | "act",
  profileKey: string,
  uniqueId: string,
  args: (string | number)[],
  moreKeys?: string[],
) => Promise<unknown>;

type OperatorCommands = Pick<Store, "view" | "history" | "pause" | "drain" | "viewMonitor" | "noteTake"> & {
  /** Until when a monitor is drained, ms; 0: it is not. */
  loadDrainedUntil(monitor: string): Promise<number>;
};

const takesTtlMs = 24 * 3_600_000;

/** @param clock ms, or 0 for Redis's own */
export function createOperatorCommands(
  redis: Redis,
  command: Command,
  runOnProfile: RunOnProfile,
  clock: () => number,
): OperatorCommands {
  const loadNow = async (): Promise<number> => {
    if (clock() !== 0) return clock();
    const [seconds, microseconds] = await command(() => redis.time());
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  };
  const loadRecord = async (monitor: string): Promise<{ record: MonitorRecord; nextAskAt: number }> => {
    const [record, nextAskAt] = await command(() => redis.hmget(monitorKey(monitor), "record", "nextAskAt"));
    return { record: parseRecord(record ?? ""), nextAskAt: Number(nextAskAt ?? 0) };
  };

  return {
    view: async (profileKey, limit) =>
      parseViewReply(await runOnProfile("view", profileKey, "", [limit], [chartKey(profileKey)])),
    history: async (profileKey, limit) =>
      parseHistory(await command(() => redis.xrevrange(historyKey(profileKey), "+", "-", "COUNT", limit))),
    pause: async (profileKey, request: ActRequest) => {
      const { act, entry } = describeAct(request, "paused", "unpaused", [], 0);
      const args = ["pause", act === null ? "" : JSON.stringify(act), JSON.stringify(entry), 0];
      await runOnProfile("act", profileKey, "", args);
    },
    drain: async (monitor, request: ActRequest) => {
      const { act, entry } = describeAct(request, "drained", "resumed", [monitor], await loadNow());
      // First what every new row is told, then the rows that are there: whoever polls in between starts out drained.
      if (act === null) await command(() => redis.del(drainKey(monitor)));
      else await command(() => redis.set(drainKey(monitor), JSON.stringify(act)));
      const until = act === null ? 0 : (act.until ?? forEver);
      const { record } = await loadRecord(monitor);
      for (const profileKey of record.profiles) {
        await runOnProfile("act", profileKey, monitor, ["drain", "", JSON.stringify(entry), until]);
      }
    },
    viewMonitor: async (monitor) => {
      const now = await loadNow();
      const { record, nextAskAt } = await loadRecord(monitor);
      const drain = parseAct(await command(() => redis.get(drainKey(monitor))));
      const counts = await command(() => redis.hgetall(takesKey(monitor)));
      const takes = Object.fromEntries(Object.entries(counts).map(([result, count]) => [result, Number(count)]));
      return { record, nextAskAt, drain: isInForce(drain, now) ? drain : null, takes };
    },
    noteTake: async (monitor, result: TakeResult) => {
      await command(() => redis.hincrby(takesKey(monitor), result, 1));
      await command(() => redis.pexpire(takesKey(monitor), takesTtlMs));
    },
    loadDrainedUntil: async (monitor) => {
      const drain = parseAct(await command(() => redis.get(drainKey(monitor))));
      return isInForce(drain, await loadNow()) ? (drain.until ?? forEver) : 0;
    },
  };
}
