// One workflow step as it is deployed: curl enqueues, curl waits and takes, and what the file then
// holds says where the job runs. Beside that the step asks for its position now and then, as a
// curious person would: a waiting curl says nothing.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Curl, type CurlEnd, type JobAsked, startCurlEnqueue, startCurlTake } from "../deployed-client.ts";

const lookEveryMs = 1000;
/** Below the 30 s that the deployed client gives a try. */
const holdSeconds = 25;

export interface RunnerInHand {
  readonly runner: string;
  readonly monitor: string;
}

export type StepEnd =
  | { readonly kind: "taken"; readonly waitedMs: number; readonly runners: readonly RunnerInHand[] }
  /** It runs on a GitHub-hosted runner instead, as it should where ours cannot serve it. */
  | { readonly kind: "fell_back"; readonly waitedMs: number; readonly why: string }
  /** The demo ended first. */
  | { readonly kind: "stopped" }
  /** Something that must not happen. */
  | { readonly kind: "broken"; readonly why: string };

export type StepEvent =
  | { readonly kind: "enqueued" }
  | { readonly kind: "waits"; readonly position: number }
  | Exclude<StepEnd, { kind: "stopped" }>;

export interface StepSurroundings {
  readonly url: string;
  readonly bearer: string;
  /** Where the step's files go. */
  readonly directory: string;
  readonly stopping: AbortSignal;
  tell(event: StepEvent): void;
}

/** Never rejects; resolves when its curls are gone. */
export async function runWorkflowStep(job: JobAsked, surroundings: StepSurroundings): Promise<StepEnd> {
  const end = await takeNumberAndWait(job, surroundings).catch(
    (error: unknown): StepEnd => ({ kind: "broken", why: error instanceof Error ? error.message : String(error) }),
  );
  const isCutShort = surroundings.stopping.aborted && end.kind !== "taken";
  if (isCutShort || end.kind === "stopped") return { kind: "stopped" };
  surroundings.tell(end);
  return end;
}

async function takeNumberAndWait(job: JobAsked, surroundings: StepSurroundings): Promise<StepEnd> {
  const { url, bearer, directory, stopping, tell } = surroundings;
  const begunAt = performance.now();
  const waitedMs = () => Math.round(performance.now() - begunAt);
  const ticketFile = join(directory, `${job.uniqueId}.ticket`);
  const enqueued = await untilStopped(await startCurlEnqueue(url, job, bearer, ticketFile), stopping);
  if (enqueued.exitCode !== 0) return decideRefused(enqueued, waitedMs());
  tell({ kind: "enqueued" });

  const takenOrGone = new AbortController();
  const file = join(directory, `${job.uniqueId}.json`);
  const curl = await startCurlTake(url, job.uniqueId, enqueued.text, file, holdSeconds);
  const ended = untilStopped(curl, stopping).finally(() => takenOrGone.abort());
  await watchPosition(`${url}/jobs/${job.uniqueId}?token=${enqueued.text}`, takenOrGone.signal, tell);
  return decideEnd(await ended, waitedMs());
}

/** The end of a curl, which is ended when the demo is. */
async function untilStopped(curl: Curl, stopping: AbortSignal): Promise<CurlEnd> {
  if (stopping.aborted) curl.stop();
  stopping.addEventListener("abort", curl.stop);
  return await curl.ended.finally(() => stopping.removeEventListener("abort", curl.stop));
}

/** Tells the first position, and when the job is next. Trouble is left for the curl to find. */
async function watchPosition(url: string, over: AbortSignal, tell: (event: StepEvent) => void): Promise<void> {
  let told: number | null = null;
  while (!over.aborted) {
    await delay(lookEveryMs, undefined, { signal: over }).catch(() => {});
    const position = over.aborted ? null : await loadPosition(url, over);
    if (position === null || over.aborted) continue;
    const isNews = told === null || (position === 1 && told !== 1);
    if (!isNews) continue;
    told = position;
    tell({ kind: "waits", position });
  }
}

async function loadPosition(url: string, signal: AbortSignal): Promise<number | null> {
  try {
    const response = await fetch(url, { signal });
    const { position } = (await response.json()) as { position?: unknown };
    return typeof position === "number" ? position : null;
  } catch {
    return null;
  }
}

function decideEnd(curl: CurlEnd, waitedMs: number): StepEnd {
  if (curl.exitCode !== 0) return decideRefused(curl, waitedMs);
  const answer = parseJson(curl.text);
  if (answer === undefined) return { kind: "broken", why: "the file does not hold one JSON document" };
  if (answer === null) return { kind: "fell_back", waitedMs, why: "taking failed for good" };
  const runners = (Array.isArray(answer) ? answer : [answer]).map(parseRunner);
  if (runners.includes(null)) return { kind: "broken", why: "the answer names no runner" };
  return { kind: "taken", waitedMs, runners: runners.filter((runner) => runner !== null) };
}

/** curl gave up: 22 is a status it does not retry, and the body says why. */
function decideRefused({ exitCode, text, stderr }: CurlEnd, waitedMs: number): StepEnd {
  const problem = parseJson(text) as { code?: unknown; title?: unknown } | null | undefined;
  if (exitCode === 22 && problem?.code === "unsatisfiable") {
    return { kind: "fell_back", waitedMs, why: String(problem.title) };
  }
  const lastWords = typeof problem?.title === "string" ? problem.title : (stderr.trimEnd().split("\n").at(-1) ?? "");
  return { kind: "broken", why: `curl ended with ${exitCode ?? "a signal"}: ${lastWords}` };
}

/** `ci-runner-linux.4@ci1` is what a monitor calls a runner at GitHub. */
function parseRunner(entry: unknown): RunnerInHand | null {
  const name = (entry as { runner?: { registration?: { name?: unknown } } } | null)?.runner?.registration?.name;
  const [, runner, monitor] = /^([^@]+)@(.+)$/.exec(typeof name === "string" ? name : "") ?? [];
  return runner === undefined || monitor === undefined ? null : { runner, monitor };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
