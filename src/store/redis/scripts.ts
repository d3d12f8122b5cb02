// The scripts as commands of a client. They run in tests exactly as in production.
import { z } from "zod";
import type { RedisClient } from "./address.ts";
import { scripts } from "./scripts.generated.ts";

const keyCounts = { load: 8, commit: 11, takePlace: 2, enrol: 1, swapDocument: 1 } as const satisfies Record<
  keyof typeof scripts,
  number
>;
type ScriptName = keyof typeof scripts;

export type Scripts = Readonly<Record<ScriptName, (...keysAndArgs: (string | number)[]) => Promise<unknown>>>;

/** Teaches a client the scripts; a server that forgot them gets them again by itself. */
export function createScripts(redis: RedisClient): Scripts {
  const names = Object.keys(scripts) as ScriptName[];
  return Object.fromEntries(
    names.map((name) => {
      const command = `runnerQueue_${name}`;
      redis.defineCommand(command, { lua: scripts[name], numberOfKeys: keyCounts[name] });
      const send = (redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>)[command];
      if (send === undefined) throw new Error(`the client did not learn ${name}`);
      return [name, send.bind(redis)];
    }),
  ) as unknown as Scripts;
}

/** What the swap script answers. */
export const swapReplySchema = z.tuple([z.number(), z.string(), z.number(), z.number()]);
export const enrolReplySchema = z.tuple([z.enum(["added", "known", "full"]), z.number()]);
export const placeReplySchema = z.enum(["taken", "full", "fenced"]);
export const partResultsSchema = z.array(z.enum(["done", "conflict", "lost"]));
