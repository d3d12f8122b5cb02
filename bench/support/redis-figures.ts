// What Redis says of itself: CPU time by command, and memory.
import type { Redis } from "ioredis";

export interface CommandFigures {
  readonly calls: number;
  readonly usec: number;
}

/**
 * Calls and time of one command since the server started; a script's time includes what it called.
 */
export async function loadCommandFigures(client: Redis, command: string): Promise<CommandFigures> {
  const text = await client.info("commandstats");
  const [, calls, usec] = new RegExp(`cmdstat_${command}:calls=(\\d+),usec=(\\d+)`).exec(text) ?? [];
  return { calls: Number(calls ?? 0), usec: Number(usec ?? 0) };
}

/** Bytes in use, after Redis had a moment to give query buffers back. */
export async function loadUsedMemory(client: Redis): Promise<number> {
  const text = await client.info("memory");
  return Number(/used_memory:(\d+)/.exec(text)?.[1]);
}
