// Who is to be woken, heard from all instances: one connection of its own, subscribed to the
// channels of the profiles that somebody waits for here. Messages may be lost while it is down;
// when it is back, all who wait look for themselves.
import type { Store } from "../../queue/store.ts";
import { createRedisClient, parseRedisAddress, type RedisClient } from "./address.ts";
import type { Keys } from "./keys.ts";

export interface WakeNews extends Pick<Store, "onWake" | "listen"> {
  close(): void;
}

/** @param url as in REDIS_URL */
export function createWakeNews(url: string, keys: Keys): WakeNews {
  const profileOf = new Map<string, string>();
  let subscriber: RedisClient | undefined;
  let wake: Parameters<Store["onWake"]>[0] = () => {};

  const connect = (): RedisClient => {
    const redis = createRedisClient(parseRedisAddress(url), {
      // by hand below: a server that refuses it would end this process, for nobody could catch that
      autoResubscribe: false,
      retryStrategy: (attempt) => Math.min(50 * attempt, 500),
      connectTimeout: 2_000,
    });
    // the store's own connection says what there is to say
    redis.on("error", () => {});
    redis.on("message", (channel: string, text: string) => {
      const profileKey = profileOf.get(channel);
      if (profileKey !== undefined) wake(profileKey, text.split(" "));
    });
    redis.on("ready", () => {
      for (const [channel, profileKey] of profileOf) subscribe(redis, channel, profileKey);
    });
    return redis;
  };

  /**
   * What was said until now was not heard: all look for themselves. A refusal costs the slow look
   * of the sweeper.
   */
  const subscribe = (redis: RedisClient, channel: string, profileKey: string): void => {
    redis.subscribe(channel).then(
      () => wake(profileKey, null),
      () => {},
    );
  };

  return {
    onWake: (listener) => {
      wake = listener;
    },
    listen: (profileKey, isAwaited) => {
      const channel = keys.wakeChannel(profileKey);
      subscriber ??= connect();
      if (isAwaited) {
        profileOf.set(channel, profileKey);
        if (subscriber.status === "ready") subscribe(subscriber, channel, profileKey);
      } else {
        profileOf.delete(channel);
        subscriber.unsubscribe(channel).catch(() => {});
      }
    },
    close: () => subscriber?.disconnect(),
  };
}
