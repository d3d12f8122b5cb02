// What is expected of a reply, and how one that is not as promised is put into words.
import { z } from "zod";
import type { Reply } from "./queue-client.ts";

/** The queue is not as promised; the message is the sentence to print. */
export class Unexpected extends Error {}

const problemSchema = z.looseObject({
  code: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
});
const curlRetries = new Set([408, 429, 500, 502, 503, 504]);

/**
 * How long a reply asks us to wait, or null where it is final. As curl sees it, but for 500: that
 * is a bug, and more of them no help.
 */
export function decideWaitMs({ status, headers, body }: Reply): number | null {
  if (!curlRetries.has(status) || status === 500 || body !== "") return null;
  const seconds = /^\d{1,9}$/.exec(headers.get("retry-after") ?? "")?.[0] ?? "1";
  // No queue asks for more than a third of its ABANDON_AFTER.
  return Math.min(Math.max(1, Number(seconds)), 30) * 1000;
}

/** @param type the media type, without its parameters */
export function expectOk(what: string, reply: Reply, type: string): void {
  if (reply.status !== 200) throw new Unexpected(`${what} was answered ${describeReply(reply)}`);
  if (typeOf(reply) !== type) throw new Unexpected(`${what} was answered 200 as ${typeOf(reply)}, not as ${type}`);
}

export function expectProblem(what: string, reply: Reply, status: number, code: string): void {
  const wanted = `${status} ${code}`;
  const problem = parseProblem(reply);
  if (problem === null || reply.status !== status || problem.code !== code) {
    throw new Unexpected(`${what} was answered ${describeReply(reply)}; ${wanted} was expected`);
  }
  if (problem.status !== status)
    throw new Unexpected(`${what} was answered ${status}, but its body says another status`);
}

/** The code of a refusal, or null for all else. */
export function codeOfProblem(reply: Reply): string | null {
  return parseProblem(reply)?.code ?? null;
}

/** `what` was answered 200 with JSON of this shape. */
export function expectJson<T>(what: string, reply: Reply, schema: z.ZodType<T>): T {
  expectOk(what, reply, "application/json");
  const parsed = schema.safeParse(parseJson(reply.body));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new Unexpected(`${what} was answered 200 with unexpected JSON${where === "" ? "" : ` (see its "${where}")`}`);
}

/** Status, and whatever it says about itself. */
export function describeReply(reply: Reply): string {
  const { status, headers, body } = reply;
  const problem = parseProblem(reply);
  if (problem !== null) {
    return `${status} ${problem.code}: ${problem.title}${problem.detail === undefined ? "" : ` (${problem.detail})`}`;
  }
  if (status >= 300 && status < 400) return `${status}: the queue is elsewhere, give that URL to --queue`;
  const reason = headers.get("x-queue-reason");
  const position = headers.get("x-queue-position");
  const said = `${status}${reason === null ? "" : ` ${reason}`}${position === null ? "" : `, position ${position}`}`;
  if (body === "") return said;
  const hint = curlRetries.has(status) ? ", which curl would leave in front of the answer" : "";
  return `${said} with a body of ${typeOf(reply)}${hint}`;
}

function parseProblem(reply: Reply): z.infer<typeof problemSchema> | null {
  if (typeOf(reply) !== "application/problem+json") return null;
  return problemSchema.safeParse(parseJson(reply.body)).data ?? null;
}

function typeOf({ headers }: Reply): string {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() || "no type";
}

/** Undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
