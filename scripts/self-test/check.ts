// What a check is: a name, and a function that reads like a test. It throws Unexpected where the
// queue is not as promised, and otherwise says what it saw.
import type { SelfTestCommand } from "./command.ts";
import type { Visit } from "./visit.ts";

export interface Situation {
  readonly command: SelfTestCommand;
  /** Every place in line that a check takes through this is given up, however the check ends. */
  readonly visit: Visit;
  /** Aborts when the check is to end: its time is up, or the whole is interrupted. */
  readonly signal: AbortSignal;
}

export interface Finding {
  /** Skipped: this queue cannot show it, and is not to blame. */
  readonly outcome: "ok" | "skipped";
  /** One sentence or less. */
  readonly seen: string;
}

export type Check = (situation: Situation) => Promise<Finding>;

export function ok(seen: string): Finding {
  return { outcome: "ok", seen };
}

export function skipped(seen: string): Finding {
  return { outcome: "skipped", seen };
}
