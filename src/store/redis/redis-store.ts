// The store that all instances share: two scripts, on Redis's own clock. It knows no rule of the
// queue (queue/store.ts).
import { z } from "zod";
import { historyEntrySchema, historyLength } from "../../queue/history.ts";
import { maxCommitAgeMs, orderAfterLossMs, type QueueSettings, sendWithinMs } from "../../queue/settings.ts";
import { maxCountNames } from "../../queue/stats/count.ts";
import type {
  CommitPart,
  EnrolReply,
  Loaded,
  LoadRequest,
  PartResult,
  Store,
  StoredDocument,
  SwapReply,
} from "../../queue/store.ts";
import { encodeFleetValue, encodeJob, HeadDecoder, JobDecoder, memberOf } from "./codec.ts";
import { type NoteStanding, openConnection, readMasters } from "./connection.ts";
import { createKeys } from "./keys.ts";
import { parseLoadReply } from "./load-reply.ts";
import { createMissedNews } from "./missed-news.ts";
import { createScripts, enrolReplySchema, partResultsSchema, placeReplySchema, swapReplySchema } from "./scripts.ts";
import { createWakeNews } from "./wake-news.ts";

const countsSchema = z.record(z.string(), z.coerce.number());
const resultsKeptForMs = 24 * 3_600_000;

/**
 * @param url as in REDIS_URL
 * @param prefix as in REDIS_PREFIX
 * @param clock ms, for tests; Redis's own where it is not given
 */
export function createRedisStore(
  url: string,
  prefix: string,
  settings: Pick<QueueSettings, "monitorSettleMs" | "historyKeepMs">,
  note: NoteStanding,
  clock: () => number = () => 0,
): Store {
  const { redis, read, write, close } = openConnection(url, note);
  const keys = createKeys(prefix);
  const scripts = createScripts(redis);
  const heads = new HeadDecoder();
  const jobs = new JobDecoder();
  const news = createWakeNews(url, keys);
  const asideCountedMs = sendWithinMs + settings.monitorSettleMs + orderAfterLossMs;

  const load = async (request: LoadRequest): Promise<Loaded> => {
    const { held } = request;
    const args: (string | number)[] = [
      clock(),
      held.epoch,
      held.version,
      request.front,
      request.due,
      request.maxDueAheadMs,
      request.listed,
      request.absent,
      request.places,
      request.sizes ? "1" : "0",
      request.figures ? "1" : "0",
      asideCountedMs,
      request.flows ? "1" : "0",
    ];
    for (const { uniqueId, order } of request.jobs) args.push(uniqueId, order ?? "");
    const all = keys.ofProfile(request.profileKey);
    const reply = await read(() => scripts.load(...all.slice(0, 8), ...args));
    return parseLoadReply(reply, request, heads, jobs);
  };

  const commitTexts = async (
    profileKey: string,
    parts: readonly unknown[],
    message: string,
  ): Promise<readonly PartResult[]> => {
    const all = keys.ofProfile(profileKey);
    const args = [clock(), JSON.stringify(parts), maxCommitAgeMs, historyLength, keys.wakeChannel(profileKey), message];
    args.push(maxCountNames, settings.historyKeepMs);
    return partResultsSchema.parse(await write(() => scripts.commit(...all, ...args)));
  };

  const encodePart = (part: CommitPart): unknown => ({
    id: part.id,
    remembered: part.isRemembered,
    loadedAt: part.loadedAt,
    epoch: part.epoch,
    room: part.room === null ? "" : String(part.room),
    rank:
      part.rank === null
        ? ""
        : {
            before: `${part.rank.order}:${part.rank.uniqueId}`,
            servable: part.rank.servable,
            runners: part.rank.runners,
            aside: part.rank.isAsideCounted,
          },
    maxWaiting: part.maxWaiting ?? "",
    jobs: part.jobs.map(({ uniqueId, expected, after, entryBefore, entryAfter, dueAt, keptForMs }) => [
      uniqueId,
      expected,
      after === null ? "" : encodeJob(after, part.id),
      entryBefore?.list ?? "",
      entryBefore === null ? "" : memberOf(entryBefore, uniqueId),
      entryAfter?.list ?? "",
      entryAfter === null ? "" : memberOf(entryAfter, uniqueId),
      dueAt === null ? "" : String(dueAt),
      keptForMs === null ? "" : String(Math.ceil(keptForMs)),
    ]),
    fleet: part.fleet.map((document) => [
      `${document.kind}/${document.monitor}`,
      document.expected,
      encodeFleetValue(document, part.id),
    ]),
    head: part.head.map(({ part: name, before, after }) => [name, heads.textOf(before), heads.encode(after)]),
    raisesRoom: part.raisesRoom,
    history: part.history.map((entry) => JSON.stringify(entry)),
    counts: part.counts.map(({ hour, name, otherwise, by }) => [String(hour), name, otherwise, by]),
  });

  const swap = async (name: string, args: readonly string[]): Promise<SwapReply> => {
    const send = args[0] === "read" ? read : write;
    const reply = await send(() => scripts.swapDocument(keys.document(name), clock(), ...args));
    const [isSwapped, text, writtenAt, now] = swapReplySchema.parse(reply);
    return { isSwapped: isSwapped === 1, text: text === "" ? null : text, writtenAt, now };
  };

  const enrol = async (roll: string, name: string, limit: number, keptForMs: number): Promise<EnrolReply> => {
    const send = name === "" ? read : write;
    const reply = await send(() => scripts.enrol(keys.roll(roll), clock(), name, limit, Math.ceil(keptForMs)));
    const [standing, count] = enrolReplySchema.parse(reply);
    return { standing, count };
  };

  return {
    load,
    commit: async (profileKey, parts, wake) => await commitTexts(profileKey, parts.map(encodePart), wake.join(" ")),
    beginEpoch: async (profileKey, epoch) => {
      await write(async () => await redis.sadd(keys.profiles, profileKey));
      const masters = await read(async () => await readMasters(redis));
      await commitTexts(profileKey, [{ begins: masters.join(","), epoch }], "");
    },
    readDocument: async (name): Promise<StoredDocument> => await swap(name, ["read", "", "", ""]),
    swapDocument: async (name, expected, next, keptForMs) =>
      await swap(name, ["swap", expected ?? "", next ?? "", keptForMs === null ? "" : String(Math.ceil(keptForMs))]),
    takePlace: async (monitor, key, limit, keptForMs) =>
      placeReplySchema.parse(
        await write(() =>
          scripts.takePlace(keys.places(monitor), keys.fence(monitor), clock(), key, limit, Math.ceil(keptForMs)),
        ),
      ),
    freePlace: async (monitor, key, result) => {
      await write(async () => {
        const pipeline = redis.pipeline().zrem(keys.places(monitor), key);
        if (result !== null) {
          pipeline.hincrby(keys.results(monitor), result, 1).pexpire(keys.results(monitor), resultsKeptForMs);
        }
        for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
      });
    },
    fence: async (monitor, until) => {
      const key = keys.fence(monitor);
      await write(async () => {
        if (until <= 0) await redis.del(key);
        else await redis.set(key, until);
      });
    },
    readResults: async (monitor) => {
      const counts = await read(async () => await redis.hgetall(keys.results(monitor)));
      return Object.fromEntries(Object.entries(counts).map(([result, count]) => [result, Number(count)]));
    },
    enrol: (roll, name, limit, keptForMs) => enrol(roll, name, limit, keptForMs),
    strike: async (roll, names) => {
      if (names.length > 0) await write(async () => await redis.zrem(keys.roll(roll), ...names));
    },
    countRoll: async (roll) => (await enrol(roll, "", 0, 0)).count,
    readRoll: async (roll, until, limit) =>
      await read(async () => await redis.zrangebyscore(keys.roll(roll), "-inf", until, "LIMIT", 0, limit)),
    listProfiles: async () => await read(async () => await redis.smembers(keys.profiles)),
    hasProfile: async (profileKey) => (await read(async () => await redis.sismember(keys.profiles, profileKey))) === 1,
    forgetProfile: async (profileKey) => {
      // the job and commit prefixes are no keys
      const all = keys.ofProfile(profileKey).filter((key) => !key.endsWith(":"));
      await write(async () => await redis.del(...all));
      await write(async () => await redis.srem(keys.profiles, profileKey));
    },
    readHistory: async (profileKey, limit) => {
      const entries = await read(async () => await redis.xrevrange(keys.history(profileKey), "+", "-", "COUNT", limit));
      return entries.map(([, fields]) => historyEntrySchema.parse(JSON.parse(fields[1] ?? "")));
    },
    readCounts: async (profileKey, hours) => {
      const replies = await read(async () => {
        const pipeline = redis.pipeline();
        for (const hour of hours) pipeline.hgetall(keys.counts(profileKey, hour));
        return (await pipeline.exec()) ?? [];
      });
      return replies.map(([error, counts]) => {
        if (error !== null) throw error;
        return countsSchema.parse(counts);
      });
    },
    missedNews: createMissedNews(redis, read, keys),
    onWake: news.onWake,
    listen: news.listen,
    ping: async () => {
      // a full store and a read-only one answer a PING: only a write says that it serves
      await swap("health", ["swap", (await swap("health", ["read", "", "", ""])).text ?? "", "well", "60000"]);
    },
    close: () => {
      news.close();
      close();
    },
  };
}
