// Where the queue lives on Workers: one Durable Object is one instance of the service, with the
// same parts as on Node. It is awake while it is asked, or while anything is under way; then its
// loops rest, and the runtime may put it away. docs/decisions/0015 says why.
import { DurableObject, type DurableObjectState } from "cloudflare:workers";
import packageJson from "../../package.json" with { type: "json" };
import { composeService, type Service } from "../compose.ts";
import { queueSettingsOf } from "../config/queue-settings.ts";
import { type Config, parseConfig } from "../config.ts";
import { createEventLog, createLog, type Log } from "../logging.ts";
import type { Store } from "../queue/store.ts";
import { createEmbeddedStore } from "../store/embedded/embedded-store.ts";
import { createRedisStore } from "../store/redis/redis-store.ts";
import { type Bindings, type Home, settingsOf } from "./bindings.ts";
import { createDoorTransport } from "./door-transport.ts";
import { createObjectPersistence } from "./object-persistence.ts";
import { createVigil, type Vigil } from "./vigil.ts";

export class QueueHome extends DurableObject<Bindings> implements Home {
  #service: Service | undefined;
  #vigil: Vigil | undefined;

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    const parsed = parseConfig(settingsOf(env));
    // the Worker looked before it came here
    if (parsed.kind === "problems") throw new Error("the settings are wrong");
    void ctx.blockConcurrencyWhile(async () => {
      await this.#moveIn(parsed.config);
    });
  }

  async #moveIn(config: Config): Promise<void> {
    const log = createLog(config.LOG_LEVEL);
    const observe = createEventLog(log);
    const settings = queueSettingsOf(config);
    const store =
      config.REDIS_URL === undefined
        ? createEmbeddedStore(settings, Date.now, this.#createPersistence(log))
        : createRedisStore(config.REDIS_URL, config.REDIS_PREFIX, settings, observe);
    const noteActivity = () => this.#vigil?.noteActivity();
    const service = await composeService(config, withLookers(store, noteActivity), observe, packageJson.version, {
      peerOf: (c) => c.req.header("cf-connecting-ip"),
      transport: createDoorTransport(this.env.DOOR),
    });
    this.#service = service;
    this.#vigil = createVigil(service, Math.max(settings.abandonAfterMs, settings.unknownHoldMs) + 60_000);
  }

  /**
   * Where something cannot be kept, this life of the object ends: the next one begins with what
   * was.
   */
  #createPersistence(log: Log) {
    return createObjectPersistence(this.ctx.storage, (error) => {
      log.error(
        { error: error instanceof Error ? error.name : typeof error },
        "the queue cannot be written down: starting anew",
      );
      this.ctx.abort("the queue cannot be written down");
    });
  }

  async fetch(request: Request): Promise<Response> {
    const [service, vigil] = [this.#service, this.#vigil];
    if (service === undefined || vigil === undefined) throw new Error("nobody lives here");
    await vigil.wake();
    return await service.app.fetch(request);
  }

  /** From the cron trigger: time does its work also where nobody asks. */
  async sweep(): Promise<void> {
    await this.#service?.sweep();
  }
}

/**
 * Whoever looks on keeps the house awake: a stream of events is one request, however long it lasts.
 */
function withLookers(store: Store, note: () => void): Store {
  return {
    ...store,
    load: (request) => {
      if (request.listed > 0) note();
      return store.load(request);
    },
  };
}
