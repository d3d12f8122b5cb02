// What test files are given instead of vitest's own functions: it collects their tests, so that one
// process can run them once for each mutant. `expect` is vitest's own. Only what these tests use is
// here; all else is an error.
import { expect } from "vitest";

export { expect };

type Run = (...values: unknown[]) => unknown;
interface Hooks {
  readonly beforeAll: Run[];
  readonly beforeEach: Run[];
  readonly afterEach: Run[];
  readonly afterAll: Run[];
}
export interface CollectedTest {
  readonly name: string;
  readonly run: Run;
}
export interface Suite extends Hooks {
  readonly name: string;
  readonly parts: (CollectedTest | Suite)[];
}

const createSuite = (name: string): Suite => ({
  name,
  parts: [],
  beforeAll: [],
  beforeEach: [],
  afterEach: [],
  afterAll: [],
});

/** A test found that there is nothing to look at here: it passes. */
export class Skipped extends Error {}
const context = {
  skip: (why: string): never => {
    throw new Skipped(why);
  },
};

let current = createSuite("");
const finishing: Run[] = [];

/** What the test that ended left to be done. */
export function takeFinishing(): Run[] {
  return finishing.splice(0);
}

/** Starts anew, and returns the suite that collects what is imported from now on. */
export function beginCollecting(): Suite {
  current = createSuite("");
  return current;
}

/** A test's time-out stands before its function or behind it; it is the mutant's own that counts. */
type Define = (name: string, run: Run | { readonly timeout: number }, behind?: Run | number) => void;
const functionOf = (run: Parameters<Define>[1], behind: Parameters<Define>[2]): Run => {
  if (typeof run === "function") return run;
  if (typeof behind === "function") return behind;
  throw new Error("a test has a function");
};
interface Defining extends Define {
  each: (table: readonly unknown[]) => Define;
  skipIf: (isSkipped: boolean) => Define;
}

function defining(begin: (name: string, run: Run) => void): Defining {
  const define: Define = (name, run, behind) => begin(name, functionOf(run, behind));
  return Object.assign(define, {
    each: (table: readonly unknown[]): Define => {
      return (name, first, behind) => {
        const run = functionOf(first, behind);
        for (const row of table) define(name, () => (Array.isArray(row) ? run(...row) : run(row)));
      };
    },
    skipIf: (isSkipped: boolean): Define => (isSkipped ? () => {} : define),
  });
}

export const describe: Defining = defining((name, run) => {
  const outer = current;
  current = createSuite(name);
  outer.parts.push(current);
  run();
  current = outer;
});
export const it: Defining = defining((name, run) => void current.parts.push({ name, run: () => run(context) }));
export const test: Defining = it;
export const beforeAll = (run: Run): void => void current.beforeAll.push(run);
export const beforeEach = (run: Run): void => void current.beforeEach.push(run);
export const afterEach = (run: Run): void => void current.afterEach.push(run);
export const afterAll = (run: Run): void => void current.afterAll.push(run);
export const onTestFinished = (run: Run): void => void finishing.push(run);
