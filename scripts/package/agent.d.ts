// The types of `import { createAgent } from "runner-queue/agent"` (docs/agent.md). Written by hand:
// they stand in the package without the packages that the agent is made of.
// test/agent-declarations.test.ts holds them against the code.

/** A runner as its client gets it. */
export interface ReservedRunner {
  /** A whole number, or 1 to 200 printable characters. */
  id: number | string;
  /** At most 16 KB as JSON. */
  runner: Record<string, unknown>;
}

/** What there is at the host now. */
export interface HostList {
  /** By profile key. */
  profiles: Record<string, { idle: number; healthy: number; target: number }>;
  /** Every runner that is reserved or busy for a job, for as long as it lives. */
  reservations: { id: number | string; runner: Record<string, unknown>; unique_id: string; busy: boolean }[];
}

export interface HostTake {
  readonly leg: string;
  readonly uniqueId: string;
  readonly profileKey: string;
  readonly runners: number;
  readonly qualifiedRepo: string;
  readonly runId: string;
  /** A take that has not begun in so many ms from now must not begin. */
  readonly beginWithinMs: number;
}

export type ReserveOutcome =
  /** Maybe fewer than asked. None: nothing was idle. */
  | { readonly kind: "reserved"; readonly runners: readonly ReservedRunner[] }
  /** The host is at fault, and it is certain that nothing was reserved, nor will be. */
  | { readonly kind: "nothing"; readonly why: string }
  /** Something may be reserved: what the host lists once it is quiet decides. */
  | { readonly kind: "unknown"; readonly why: string };

/** What an agent asks of the host that it speaks for. */
export interface AgentHost {
  /** Rejects where it cannot be said now, with words for the log. */
  list(): Promise<HostList>;
  /** A rejection is "unknown". */
  reserve(take: HostTake): Promise<ReserveOutcome>;
  /**
   * Resolves when nothing that was begun before, by an agent that died included, can reserve a runner
   * any more. Rejects when `stop` aborts.
   */
  quiet(stop: AbortSignal): Promise<void>;
}

export interface AgentOptions {
  /** The queue's URL, without a slash at its end. */
  readonly queue: string;
  /** The host's name in MONITORS (`name=pull`). */
  readonly name: string;
  /** The bearer of that name. */
  readonly token: string;
  /** A file for what must not be forgotten. One agent at a time has it. */
  readonly notes: string;
  readonly host: AgentHost;
  /** How often the host is looked at, ms (1000). */
  readonly listEveryMs?: number;
  /** How long the queue is to hold a fetch, in seconds (25). */
  readonly waitSeconds?: number;
  /** How long what was begun is seen through once it is told to end, ms (30,000). */
  readonly seeThroughMs?: number;
  /** One line of what it does, in words; without secrets. */
  readonly say?: (words: string) => void;
}

/** Why an agent ended. */
export type AgentEnd =
  /** it was told to, or has done its one round */
  | { readonly kind: "stopped" }
  /** another agent speaks for this host: its notes are in use, or the queue says so */
  | { readonly kind: "superseded"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface Agent {
  /**
   * Until `stop` aborts, or another agent takes over. Then no more is fetched, and what was begun is
   * seen through for `seeThroughMs`; what is left stays in the notes. Never rejects.
   * @param isOnce one fetch, what it brings, and the end
   */
  run(stop: AbortSignal, isOnce?: boolean): Promise<AgentEnd>;
}

/** See AgentOptions. Nothing happens before `run`. */
export function createAgent(options: AgentOptions): Agent;
