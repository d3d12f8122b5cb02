// Whoever never asks again has left after ABANDON_AFTER, not before and not much later. Harmless to
// others: a job whose first poll does not come holds nobody back after the first seconds.
import { setTimeout as delay } from "node:timers/promises";
import { maxGapMs } from "../../../src/queue/line/interruption.ts";
import { type Check, ok } from "../check.ts";
import { abandonedAtMostLateMs } from "../command-line.ts";
import { expectProblem, Unexpected } from "../reply.ts";

/** Two clocks of the same world. */
const clocksDifferMs = 100;
/**
 * An instance says once a second that it serves: it may have been silent for so much longer than we
 * saw.
 */
const markEveryMs = 1000;

export const checkAbandoned: Check = async ({ visit, command: { abandonAfterMs }, signal }) => {
  const lookEveryMs = Math.min(1000, Math.max(100, abandonAfterMs / 20));
  const place = await visit.enqueue({});
  let countsFrom = place.answeredAt;
  let answeredAt = place.answeredAt;
  for (;;) {
    const askedAt = performance.now();
    const { state } = await visit.look(place);
    const now = performance.now();
    // a queue that could not be heard, or a machine that stood still: everybody has their time anew
    if (now - answeredAt > maxGapMs({ abandonAfterMs }) - markEveryMs) countsFrom = now;
    answeredAt = now;
    if (state === "abandoned") break;
    if (state !== "queued") throw new Unexpected(`GET /jobs shows a job that nobody asked for as ${state}`);
    const silentMs = askedAt - countsFrom;
    if (silentMs > abandonAfterMs + abandonedAtMostLateMs) {
      throw new Unexpected(`still queued after ${inSeconds(silentMs)} of silence; ${expected(abandonAfterMs)}`);
    }
    await delay(lookEveryMs, undefined, { signal });
  }
  const silentMs = performance.now() - place.sentAt;
  if (silentMs < abandonAfterMs - clocksDifferMs) {
    throw new Unexpected(`abandoned after only ${inSeconds(silentMs)} of silence; ${expected(abandonAfterMs)}`);
  }
  expectProblem("take after that", await visit.tryTake(place.uniqueId, place.ticket), 404, "job_abandoned");
  return ok(`abandoned after ${inSeconds(silentMs)} of silence, and take says so`);
};

function expected(abandonAfterMs: number): string {
  return `ABANDON_AFTER is taken for ${inSeconds(abandonAfterMs)} (--abandon-after)`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
