// Parses what the scripts return. The waiting poll is read by hand, for it is the polled path; all that holds a document goes through zod.
import { z } from "zod";
import { type Act, actSchema } from "../../queue/acts.ts";
import { type Fleet, fleetRowSchema } from "../../queue/fleet.ts";
import { freedRateUnknown } from "../../queue/freed-rate.ts";
import { type HistoryEntry, historyEntrySchema } from "../../queue/history.ts";
import { isOver, jobSchema, jobStates } from "../../queue/job.ts";
import { explainJob } from "../../queue/line-view.ts";
import type {
  CancelReply,
  EnqueueReply,
  InspectReply,
  MonitorRecord,
  NamedJob,
  PollReply,
  ProfileView,
  SweepReply,
} from "../../queue/ports.ts";
import { waitReasons } from "../../queue/rank-gate.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { SettleReply } from "../../queue/settlement.ts";

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("not JSON");
    return z.NEVER;
  }
});
/** Lua writes an empty list as `{}`. */
const list = <T extends z.ZodType>(item: T) =>
  z.union([
    z.array(item),
    z
      .object({})
      .strict()
      .transform((): z.output<T>[] => []),
  ]);
const job = json.pipe(jobSchema);
const flag = z.number().transform((value) => value === 1);

const enqueueSchema = z.union([
  z
    .tuple([z.literal("accepted"), z.string(), flag])
    .transform(([kind, place, isNew]): EnqueueReply => ({ kind, place: Number(place), isNew })),
  z.tuple([z.literal("unsatisfiable"), z.number()]).transform(([kind, targets]): EnqueueReply => ({ kind, targets })),
  z
    .tuple([z.literal("too_long"), z.number()])
    .transform(([kind, runnersBefore]): EnqueueReply => ({ kind, runnersBefore })),
  z
    .tuple([z.enum(["conflict", "id_used", "fleet_unknown", "full", "settling"])])
    .transform(([kind]): EnqueueReply => ({ kind })),
]);

const pollSchema = z.union([
  z
    .tuple([z.literal("claimed"), job, flag])
    .transform(([kind, claimed, isReadmitted]): PollReply => ({ kind, job: claimed, isReadmitted })),
  z.tuple([z.literal("taken"), z.string()]).transform(([kind, answer]): PollReply => ({ kind, answer })),
  z.tuple([z.literal("suspect"), job, z.number(), z.number(), z.number(), z.number(), flag]).transform(
    ([kind, suspect, lostAt, now, position, retryAfterSeconds, isReadmitted]): PollReply => ({
      kind,
      job: suspect,
      lostAt,
      now,
      position,
      retryAfterSeconds,
      isReadmitted,
    }),
  ),
  z.tuple([z.literal("abandoned"), flag]).transform(([kind, isNew]): PollReply => ({ kind, isNew })),
  z
    .tuple([z.enum(["failed", "cancelled", "answer_expired", "ticket_expired", "superseded"])])
    .transform(([kind]): PollReply => ({ kind })),
]);

const settleSchema = z
  .tuple([z.enum(["taken", "queued", "open", "failed", "over", "lost"]), z.string(), json.pipe(list(z.string())), flag])
  .transform(([kind, answer, leaked]): SettleReply => (kind === "taken" ? { kind, answer, leaked } : { kind, leaked }));

const cancelSchema = z.union([
  z
    .tuple([z.literal("cancelled"), job, json.pipe(list(z.string())), flag])
    .transform(([kind, ended, leaked]): CancelReply => ({ kind, job: ended, leaked })),
  z.tuple([z.literal("over"), z.enum(jobStates)]).transform(([kind, state]): CancelReply => ({ kind, state })),
  z.tuple([z.literal("unknown")]).transform(([kind]): CancelReply => ({ kind })),
]);

const actOrNone = z.union([z.literal("").transform(() => null), json.pipe(actSchema)]);

const inspectSchema = z.union([
  z.tuple([z.literal("job"), job, z.number(), z.number(), z.number(), z.number(), z.string(), actOrNone]),
  z.tuple([z.literal("unknown")]),
]);

const freedRateSchema = z.object({
  at: z.number(),
  isScarce: z.boolean(),
  since: z.number(),
  scarceMs: z.number(),
  freed: z.number(),
  scarceMsBefore: z.number(),
  freedBefore: z.number(),
});

const sweepSchema = z
  .tuple(
    [
      z.number(),
      z.number(),
      json.pipe(list(z.string())),
      z.union([z.literal("").transform(() => freedRateUnknown), json.pipe(freedRateSchema)]),
      flag,
      z.number(),
    ],
    z.string(),
  )
  .transform(([now, lostAt, leaked, freedRate, isMore, abandonedCount, ...pairs]): SweepReply => {
    const jobs = parseNamedJobs(pairs);
    const [abandoned, lapsed] = [jobs.slice(0, abandonedCount), jobs.slice(abandonedCount)];
    return { now, lostAt, leaked, freedRate, isMore, abandoned, lapsed };
  });
const viewSchema = z
  .tuple(
    [
      z.number(),
      z.number(),
      actOrNone,
      z.string(),
      z.number(),
      z.number(),
      z.string().regex(/^\d*$/),
      z.array(z.string()),
    ],
    z.string(),
  )
  .transform(([now, lostAt, paused, fleet, waitingJobs, wantedRunners, oldest, chart, ...pairs]): ProfileView => {
    return {
      now,
      lostAt,
      paused,
      fleet: parseFleet(fleet === "" ? null : fleet),
      waitingJobs,
      wantedRunners,
      oldestPlace: oldest === "" ? null : Number(oldest),
      jobs: parseNamedJobs(pairs),
      chart: parseChart(chart),
    };
  });

/** Texts that alternate between an id and its job. */
function parseNamedJobs(pairs: readonly string[]): NamedJob[] {
  const jobs: NamedJob[] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    jobs.push({ uniqueId: pairs[at] ?? "", job: job.parse(pairs[at + 1]) });
  }
  return jobs;
}

/** Fields of the hash, minute and "<waiting> <idle>" by turns, in any order. */
function parseChart(fields: readonly string[]): ProfileView["chart"] {
  const samples: [number, number, number][] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [waiting, idle] = (fields[at + 1] ?? "").split(" ");
    samples.push([Number(fields[at]), Number(waiting), Number(idle)]);
  }
  return samples.sort(([a], [b]) => a - b);
}

const recordSchema = json.pipe(
  z.object({ askedAt: z.number(), answeredAt: z.number(), failures: z.number(), profiles: list(z.string()) }),
);

const isWaitReason = new Set<unknown>(waitReasons);

export const parseEnqueueReply = (reply: unknown): EnqueueReply => enqueueSchema.parse(reply);
export const parseSettleReply = (reply: unknown): SettleReply => settleSchema.parse(reply);
export const parseCancelReply = (reply: unknown): CancelReply => cancelSchema.parse(reply);
export function parseInspectReply(reply: unknown, settings: QueueSettings): InspectReply {
  const found = inspectSchema.parse(reply);
  if (found[0] === "unknown") return { kind: "unknown" };
  const [kind, job, position, rank, now, lostAt, fleet, paused] = found;
  const standing = { now, lostAt, paused, fleet: parseFleet(fleet === "" ? null : fleet) };
  const outlook = isOver(job.state) ? null : explainJob(job, rank, standing, settings);
  return { kind, job, position: position === 0 ? null : position, outlook, now };
}
export const parseSweepReply = (reply: unknown): SweepReply => sweepSchema.parse(reply);
export const parseViewReply = (reply: unknown): ProfileView => viewSchema.parse(reply);
export const parseAct = (text: string | null): Act | null => (text === null ? null : actOrNone.parse(text));
/** Entries of a stream as ioredis gives them: id and fields. */
export const parseHistory = (entries: readonly [string, string[]][]): HistoryEntry[] =>
  entries.map(([, fields]) => json.pipe(historyEntrySchema).parse(fields[1]));
export const parseFleet = (text: string | null): Fleet =>
  text === null ? {} : json.pipe(z.record(z.string(), fleetRowSchema)).parse(text);

/** A monitor's record; "" where nobody has finished asking it yet. */
export function parseRecord(text: unknown): MonitorRecord {
  return text === "" ? { askedAt: 0, answeredAt: 0, failures: 0, profiles: [] } : recordSchema.parse(text);
}

export function parsePollReply(reply: unknown): PollReply {
  if (Array.isArray(reply) && reply[0] === "wait" && isWaitReason.has(reply[1]) && reply.length === 6) {
    const [, reason, position, retryAfterSeconds, isReadmitted, before] = reply as [
      "wait",
      (typeof waitReasons)[number],
      number,
      number,
      number,
      number | "",
    ];
    const runnersBefore = before === "" ? null : before;
    return { kind: "wait", reason, position, retryAfterSeconds, isReadmitted: isReadmitted === 1, runnersBefore };
  }
  return pollSchema.parse(reply);
}
