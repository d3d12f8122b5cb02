// What wrangler.toml binds: the settings, as texts, and the two kinds of Durable Object.
import type { MonitorDoor } from "./monitor-door.ts";
import type { QueueHome } from "./queue-home.ts";

/** A Durable Object as it is called from elsewhere: its own methods, over RPC. */
interface Namespace<T> {
  getByName(name: string): T;
}

export interface Bindings {
  readonly QUEUE: Namespace<Pick<QueueHome, "fetch" | "sweep">>;
  readonly DOOR: Namespace<Pick<MonitorDoor, "fetch" | "sendTake">>;
}

/** The settings among the bindings. What stands in wrangler.toml without quotes comes as a number or a boolean, and is meant as it reads. */
export function settingsOf(bindings: object): Record<string, string> {
  const settings = Object.entries(bindings).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value),
  );
  return Object.fromEntries(settings.map(([name, value]) => [name, String(value)]));
}
