// What operators do: drain and resume a monitor, pause and resume a profile, forget either once
// nobody has it any more. By an operator's bearer; a note says why, `until` when it ends by itself.
// Doing it again is fine: the last word counts.
import type { Context } from "hono";
import { z } from "zod";
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import { profileKeySchema } from "../auth/job-schemas.ts";
import type { Administration } from "../dispatch/administration.ts";
import { parseDuration } from "../duration.ts";
import type { ActRequest } from "../queue/acts.ts";
import { parseQuery } from "./params.ts";
import { refuse, unstored } from "./problem.ts";

export interface OperatorDeps {
  readonly administration: Administration;
  readonly operators: BearerCheck;
  readonly monitors: () => readonly string[];
}

const maxUntilMs = 366 * 86_400_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept out
const plainText = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/;
/**
 * A duration, or a time of ISO 8601 with its zone. Whether it can be that time is looked at later.
 */
const untilForm = /^(\d{1,9}(ms|s|m|h|d)|\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))$/;
const untilWords = "until: a time to come, such as 2h or 2026-01-31T18:00:00Z, within a year";
const bodyWords = "Parameters go into the query string, not into a body";
export const actSchema = z.object({
  note: z.string().max(300, "note: at most 300 characters").regex(plainText, "note: one line of plain text"),
  by: z.string().max(100, "by: at most 100 characters").regex(plainText, "by: one line of plain text"),
  until: z.string().regex(untilForm, untilWords).nullable(),
});

/** @param noteAct called after every act */
export function createOperatorRoutes(deps: OperatorDeps, noteAct: () => void) {
  /** The act that a request asks for, or what is wrong with the request. */
  const parseAct = async (c: Context, kind: ActRequest["kind"]): Promise<ActRequest | Response> => {
    const objection = await objectToOperator(deps.operators, c.req.header("authorization"));
    if (objection !== null) return objection;
    const query = parseQuery(c, ["note", "by", "until"]);
    if (query.kind === "refused") return query.response;
    if (hasBody(c)) return refuse("malformed_parameter", bodyWords);
    const parsed = actSchema.safeParse({
      note: query.value.get("note") ?? "",
      by: query.value.get("by")?.trim() || "operator",
      until: query.value.get("until") ?? null,
    });
    if (!parsed.success)
      return refuse("malformed_parameter", parsed.error.issues.map(({ message }) => message).join("; "));
    const { until, ...rest } = parsed.data;
    const end = until === null ? null : parseUntil(until, Date.now());
    if (end === "malformed") {
      return refuse("malformed_parameter", untilWords);
    }
    return { kind, ...rest, until: kind === "end" ? null : end };
  };

  const actOnMonitor = (kind: ActRequest["kind"]) =>
    async function drainOrResume(c: Context): Promise<Response> {
      const act = await parseAct(c, kind);
      if (act instanceof Response) return act;
      const monitor = c.req.param("monitor") ?? "";
      if (!deps.monitors().includes(monitor)) return refuse("monitor_unknown");
      await deps.administration.drain(monitor, act);
      noteAct();
      const { drain } = await deps.administration.monitor(monitor);
      return c.json({ monitor, draining: drain !== null, ...describe(act) }, 200, unstored);
    };
  const actOnProfile = (kind: ActRequest["kind"]) =>
    async function pauseOrResume(c: Context): Promise<Response> {
      const act = await parseAct(c, kind);
      if (act instanceof Response) return act;
      const key = profileKeySchema.safeParse(c.req.param("profileKey"));
      if (!key.success || !(await deps.administration.profiles()).includes(key.data)) return refuse("profile_unknown");
      await deps.administration.pause(key.data, act);
      noteAct();
      return c.json({ profile_key: key.data, paused: kind === "begin", ...describe(act) }, 200, unstored);
    };

  const forgetMonitor = async function forgetMonitor(c: Context): Promise<Response> {
    const act = await parseAct(c, "end");
    if (act instanceof Response) return act;
    const monitor = c.req.param("monitor") ?? "";
    const outcome = await deps.administration.forgetMonitor(monitor, act);
    if (outcome === "unknown") return refuse("monitor_unknown");
    if (outcome === "in_use") return refuse("monitor_in_use");
    noteAct();
    return c.json({ forgotten: monitor, ...describe(act) }, 200, unstored);
  };
  const forgetProfile = async function forgetProfile(c: Context): Promise<Response> {
    const act = await parseAct(c, "end");
    if (act instanceof Response) return act;
    const key = profileKeySchema.safeParse(c.req.param("profileKey"));
    if (!key.success || !(await deps.administration.profiles()).includes(key.data)) return refuse("profile_unknown");
    if ((await deps.administration.forgetProfile(key.data, act)) === "in_use") return refuse("profile_in_use");
    noteAct();
    return c.json({ forgotten: key.data, ...describe(act) }, 200, unstored);
  };

  return {
    forgetMonitor,
    forgetProfile,
    drain: actOnMonitor("begin"),
    resumeMonitor: actOnMonitor("end"),
    pause: actOnProfile("begin"),
    resumeProfile: actOnProfile("end"),
  };
}

/** Null where the bearer is an operator's. */
export async function objectToOperator(
  operators: BearerCheck,
  authorization: string | undefined,
): Promise<Response | null> {
  const bearer = parseBearer(authorization);
  if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
  if (await operators.isKnown(bearer)) return null;
  if (await operators.isKnownElsewhere(bearer)) return refuse("not_an_operator");
  return refuse("bearer_unknown", "This route takes one of OPERATOR_TOKENS");
}

/** curl -d and the like: what stands there would be done without. */
function hasBody(c: Context): boolean {
  return Number(c.req.header("content-length") ?? 0) > 0 || c.req.header("transfer-encoding") !== undefined;
}

/**
 * Who an operator says they are, and why they do it; a refusal where that is not fit for the
 * history, or stands where nobody would read it.
 */
export function parseWords(
  c: Context,
  query: ReadonlyMap<string, string>,
): { readonly by: string; readonly note: string } | Response {
  if (hasBody(c)) return refuse("malformed_parameter", bodyWords);
  const words = { note: query.get("note") ?? "", by: query.get("by")?.trim() || "operator" };
  const parsed = actSchema.pick({ note: true, by: true }).safeParse(words);
  if (parsed.success) return parsed.data;
  return refuse("malformed_parameter", parsed.error.issues.map(({ message }) => message).join("; "));
}

/** ms since 1970 of a duration from now on (90s, 30m, 2h, 3d) or an ISO 8601 time with its zone. */
function parseUntil(text: string, now: number): number | "malformed" {
  const durationMs = parseDuration(text);
  const isTime = z.iso.datetime({ offset: true }).safeParse(text).success;
  const at = durationMs !== null ? now + durationMs : isTime ? Date.parse(text) : Number.NaN;
  return at > now && at <= now + maxUntilMs ? at : "malformed";
}

function describe({ by, note, until }: ActRequest) {
  return { by, note, until: until === null ? null : new Date(until).toISOString() };
}
