// What the queue's documents hold of what we show. The rest is kept as it comes, for --json.
import { z } from "zod";

const timeSchema = z.string().refine((text) => Number.isFinite(Date.parse(text)), "no time");

const actSchema = z.looseObject({
  by: z.string(),
  note: z.string(),
  at: timeSchema,
  until: timeSchema.nullable(),
});
export type Act = z.infer<typeof actSchema>;

const capacitySchema = z.looseObject({
  idle: z.number(),
  claimed: z.number(),
  available: z.number(),
  healthy: z.number(),
  target: z.number(),
});

const jobSchema = z.looseObject({
  unique_id: z.string(),
  /** Null while it is claimed. */
  position: z.number().nullable(),
  state: z.string(),
  reason: z.string(),
  qualified_repo: z.string(),
  run_id: z.string(),
  runner_count: z.number(),
  runners_in_hand: z.number(),
  enqueued_at: z.string(),
  attempts: z.number(),
  waited_ms: z.number(),
  last_poll_at: timeSchema.nullable(),
  presence: z.string().default("polls"),
  /** Whom its claim asks. */
  monitors: z.array(z.string()),
});
export type Job = z.infer<typeof jobSchema>;

const profileSchema = z.looseObject({
  profile_key: z.string(),
  paused: actSchema.nullable(),
  waiting: z.number(),
  runners_wanted: z.number(),
  oldest_waited_ms: z.number().nullable(),
  capacity: capacitySchema,
  jobs: z.array(jobSchema),
  /** Ours: those that wait so far back that we did not look whether they are wanted. */
  not_looked_at: z.number().optional(),
});
export type Profile = z.infer<typeof profileSchema>;

const monitorSchema = z.looseObject({
  name: z.string(),
  state: z.string(),
  answered_at: timeSchema.nullable(),
  failures: z.number(),
  next_ask_at: timeSchema.nullable(),
  draining: actSchema.nullable(),
  backing_off_until: timeSchema.nullable(),
  takes: z.record(z.string(), z.number()),
  profiles: z.array(capacitySchema.extend({ profile_key: z.string() })),
});
export type Monitor = z.infer<typeof monitorSchema>;

const entrySchema = z.looseObject({
  at: timeSchema,
  what: z.string(),
  profile_key: z.string(),
  unique_id: z.string().nullable(),
  qualified_repo: z.string().nullable(),
  run_id: z.string().nullable(),
  runner_count: z.number().nullable(),
  attempts: z.number().nullable(),
  waited_ms: z.number().nullable(),
  monitors: z.array(z.string()),
  runners: z.array(z.string()),
  runner_names: z.array(z.string()).default([]),
  by: z.string().nullable(),
  note: z.string().nullable(),
  until: timeSchema.nullable(),
});
/** Something that happened: to a job, or by an operator. */
export type Entry = z.infer<typeof entrySchema>;

export const dashboardSchema = z.looseObject({
  at: timeSchema,
  store: z.string(),
  profiles: z.array(profileSchema),
  monitors: z.array(monitorSchema),
  /** The last jobs that are over, newest first. */
  ends: z.array(entrySchema),
});
export type Dashboard = z.infer<typeof dashboardSchema>;

/** A hundred jobs of a line. */
export const linePageSchema = z.looseObject({ waiting: z.number(), jobs: z.array(jobSchema) });

/** Newest first. */
export const historySchema = z.looseObject({ entries: z.array(entrySchema) });
export type History = z.infer<typeof historySchema>;

export const actReplySchema = z.looseObject({ by: z.string(), note: z.string(), until: timeSchema.nullable() });
export type ActReply = z.infer<typeof actReplySchema>;

const flowSchema = z.looseObject({
  repository: z.string(),
  class: z.string().nullable(),
  weight: z.number(),
});
export type Flow = z.infer<typeof flowSchema>;

const standingShape = {
  rule: z.string(),
  flow: flowSchema,
  ahead: z.array(z.looseObject({ flow: flowSchema.nullable(), jobs: z.number(), runners: z.number() })),
  position: z.number().nullable(),
  fifo_position: z.number().nullable(),
  may_still_pass: z.number(),
};

export const explanationSchema = z.looseObject({
  unique_id: z.string(),
  state: z.string(),
  /** The whole as a sentence. */
  says: z.string(),
  ...standingShape,
  waits: z.array(z.looseObject({ since: timeSchema, lasted_ms: z.number(), says: z.string() })),
  tries: z.array(z.looseObject({ at: timeSchema, says: z.string() })),
  runners: z.array(z.string()),
  runner_names: z.array(z.string()),
});
export type Explanation = z.infer<typeof explanationSchema>;

export const cancelReplySchema = z.looseObject({ state: z.string() });
export const expediteReplySchema = z.looseObject({
  profile_key: z.string(),
  state: z.string(),
  by: z.string(),
  note: z.string(),
});
export const rerunReplySchema = z.looseObject({ state: z.string(), generation: z.number() });
