// What the command line asks for: which queue, which checks, and how far they may go.

/** In the order in which they are printed. */
export const checkNames = [
  "reachable",
  "one runner",
  "three at once",
  "unsatisfiable",
  "unauthorised",
  "abandoned",
  "replayed",
] as const;
/** Only where --rerun asks for it, for it takes runners. */
export const rerunCheck = "re-run";
export type CheckName = (typeof checkNames)[number] | typeof rerunCheck;

export interface SelfTestCommand {
  /** Without a slash at its end. */
  readonly queueUrl: string;
  readonly profile: string;
  readonly token: string;
  readonly isTaking: boolean;
  readonly repo: string;
  readonly runId: string;
  /** of the job of "one runner"; null: made up */
  readonly uniqueId: string | null;
  readonly checks: readonly CheckName[];
  readonly abandonAfterMs: number;
  readonly timeoutMs: number;
  readonly json: boolean;
}
