// What wrangler.toml binds: the settings, as texts, and the two kinds of Durable Object.
import type { RemoteReply, RemoteSending } from "./remote-take.ts";

/** Durable Objects as they are called from elsewhere: by name, their own methods over RPC. */
interface Namespace<T> {
  getByName(name: string): T;
}

export interface Home {
  fetch(request: Request): Promise<Response>;
  sweep(): Promise<void>;
}

export interface Door {
  fetch(request: Request): Promise<Response>;
  sendTake(sending: RemoteSending): Promise<RemoteReply>;
}

export interface Bindings {
  readonly QUEUE: Namespace<Home>;
  readonly DOOR: Namespace<Door>;
}

/**
 * The settings among the bindings. What stands in wrangler.toml without quotes comes as a number or
 * a boolean, and is meant as it reads.
 */
export function settingsOf(bindings: object): Record<string, string> {
  const settings = Object.entries(bindings).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value),
  );
  return Object.fromEntries(settings.map(([name, value]) => [name, String(value)]));
}
