// Runs collected tests one after the other until one fails.
import { type CollectedTest, Skipped, type Suite, takeFinishing } from "./test-collector.ts";

/** Null: all passed. Else the name of the first that failed, and why. */
export async function findFailure(suite: Suite, outer: readonly Suite[] = []): Promise<string | null> {
  const chain = [...outer, suite];
  let failure: string | null = null;
  try {
    for (const before of suite.beforeAll) await before();
    for (const part of suite.parts) {
      failure = "parts" in part ? await findFailure(part, chain) : await runTest(part, chain);
      if (failure !== null) break;
    }
  } catch (error) {
    failure ??= `${suite.name}: ${describe(error)}`;
  }
  for (const after of suite.afterAll) {
    try {
      await after();
    } catch (error) {
      failure ??= `${suite.name}: ${describe(error)}`;
    }
  }
  return failure;
}

async function runTest({ name, run }: CollectedTest, chain: readonly Suite[]): Promise<string | null> {
  let failure: string | null = null;
  try {
    for (const { beforeEach } of chain) for (const before of beforeEach) await before();
    await run();
  } catch (error) {
    if (!(error instanceof Skipped)) failure = `${name}: ${describe(error)}`;
  }
  try {
    for (const finish of takeFinishing().toReversed()) await finish();
    for (const { afterEach } of chain.toReversed()) for (const after of afterEach) await after();
  } catch (error) {
    failure ??= `${name}: ${describe(error)}`;
  }
  return failure;
}

function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.slice(0, 120) ?? "";
}
