// Many jobs at random in one shared line: repositories of all weights and a class, gangs, crowds that come at once, jobs
// that leave, claims that are refused, and newcomers. For shares.test.ts, and by the million: `npm run simulate:shares`.
import type { Policy } from "../../../src/queue/policy/policy.ts";
import { createChance } from "../../simulation/chance.ts";
import { createFairLine } from "./fair-line.ts";

export const randomPolicy: Policy = {
  default: {},
  repositories: [
    { pattern: "o/heavy", weight: 4 },
    { pattern: "o/light", weight: 0.5 },
    { pattern: "o/third", weight: 3 },
  ],
  owners: [],
  classes: [{ name: "merge", weight: 10 }],
  monitors: [],
};

export interface RandomShares {
  readonly jobs: number;
  readonly claims: number;
  /** jobs whose bound was looked at */
  readonly looked: number;
  readonly longest: number;
  readonly broken: readonly string[];
}

export function runRandomShares(jobs: number, seed: number): RandomShares {
  const chance = createChance(seed);
  const line = createFairLine(randomPolicy);
  const pick = (): string => chance.pick(["o/heavy", "o/light", "o/third", "o/a", "o/b", "o/c"]);
  const enqueue = (qualifiedRepo: string) => {
    const className = chance.happens(0.1) ? "merge" : undefined;
    line.enqueue({ qualifiedRepo, className, runnerCount: chance.happens(0.15) ? chance.whole(2, 7) : 1 });
    came += 1;
  };
  let came = 0;
  let claims = 0;
  let longest = 0;
  while (came < jobs) {
    const what = chance.next();
    if (what < 0.02) {
      const repo = pick();
      for (let crowd = chance.whole(0, 40); crowd > 0; crowd--) enqueue(repo);
    } else if (what < 0.025) enqueue(`o/new-${came}`);
    else if (what < 0.35) enqueue(pick());
    else if (what < 0.4) line.leave(chance.next());
    else if (line.claim(chance.happens(0.1)) !== null) claims += 1;
    while (line.length > 150) line.claim(false);
    longest = Math.max(longest, line.length);
  }
  return { jobs: came, claims, looked: line.looked, longest, broken: line.broken };
}
