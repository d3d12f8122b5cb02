// Tests start real servers and a real redis-server each, processes of their own, and often wait for them: four at a
// time keep two cores busy. Test files share their processes, for a third of what a small one costs is a process
// of its own.
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const all = {
  environment: "node",
  pool: "forks",
  // for hangs only: a machine five times slower has to pass
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000, interval: 25 } },
} as const;
/** They measure the memory of their own process. */
const alone = ["test/store/tombstone-size.test.ts"];

/** A minute and more each: begun last, one of them would go on alone. */
const longest = [
  "simulation/simulation",
  "conformance/random",
  "simulation/exhaustive/exhaustive",
  "e2e/pulling",
  "e2e/limits-in-order",
  "e2e/queuectl",
  "e2e/long-wait",
  "worker/promises",
  "simulation/reruns/reruns",
  "actions/runner-select-trouble",
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => longest.findIndex((name) => moduleId.endsWith(name));
    const others = (await super.sort(files)).filter((file) => placeOf(file) < 0);
    const first = files.filter((file) => placeOf(file) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
    return [...first, ...others];
  }
}

export default defineConfig({
  test: {
    globalSetup: "test/support/built-package.ts",
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...all, name: "together", include: ["test/**/*.test.ts"], exclude: alone, isolate: false } },
      { test: { ...all, name: "alone", include: alone } },
    ],
  },
});
