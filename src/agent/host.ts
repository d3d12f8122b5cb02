// What an agent asks of the host that it speaks for: a monitor on the same machine, or two commands.
import { z } from "zod";
import { runnerIdSchema } from "../monitors/runner-json.ts";

export const reservedRunnerSchema = z.object({
  id: runnerIdSchema,
  runner: z.record(z.string(), z.unknown()).default({}),
});
/** A runner as its client gets it. */
export type ReservedRunner = z.infer<typeof reservedRunnerSchema>;

const countSchema = z.int().min(0).max(100_000);
const profileKeySchema = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/);
export const uniqueIdSchema = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);

/** What there is now, as a list command writes it. */
export const hostListSchema = z.object({
  profiles: z.record(profileKeySchema, z.object({ idle: countSchema, healthy: countSchema, target: countSchema })),
  /** Every runner that is reserved or busy for a job, for as long as it lives. */
  reservations: z
    .array(reservedRunnerSchema.extend({ unique_id: uniqueIdSchema, busy: z.boolean().default(false) }))
    .default([]),
});
export type HostList = z.infer<typeof hostListSchema>;

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
