// What operators see and do, on Redis: views, history, pauses and drains, and what is counted for them.
import type { Redis } from "ioredis";
import { drainedBy, isInForce } from "../../queue/acts.ts";
import type { Drained } from "../../queue/fleet.ts";
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

type RunOnMonitor = (script: "setDrain", key: string, args: (string | number)[]) => Promise<unknown>;

type OperatorCommands = Pick<Store, "view" | "history" | "pause" | "drain" | "viewMonitor" | "noteTake"> & {
  /** An operator's last word on a monitor. */
  loadDrained(monitor: string): Promise<Drained>;
};

const takesTtlMs = 24 * 3_600_000;

/** @param clock ms, or 0 for Redis's own */
export function createOperatorCommands(
  redis: Redis,
  command: Command,
  runOnProfile: RunOnProfile,
  runOnMonitor: RunOnMonitor,
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
      const held = request.kind === "begin" ? JSON.stringify(act) : "";
      await runOnProfile("act", profileKey, "", ["pause", held, JSON.stringify(entry), 0, 0]);
    },
    drain: async (monitor, request: ActRequest) => {
      const { act, entry } = describeAct(request, "drained", "resumed", [monitor], 0);
      // First the word that every later snapshot carries, then the rows that are there: wherever it breaks off, the rest follows by itself.
      const kept = await runOnMonitor("setDrain", drainKey(monitor), [JSON.stringify(act), request.kind]);
      const { drainedAt, drainedUntil } = drainedBy(parseAct(String(kept)));
      const { record } = await loadRecord(monitor);
      for (const profileKey of record.profiles) {
        const args = ["drain", "", JSON.stringify(entry), drainedAt, drainedUntil];
        await runOnProfile("act", profileKey, monitor, args);
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
    loadDrained: async (monitor) => drainedBy(parseAct(await command(() => redis.get(drainKey(monitor))))),
  };
}
