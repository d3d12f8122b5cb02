// Tests start real servers and a real redis-server each, processes of their own, and often wait for them: three at a
// time keep two cores busy.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/built-package.ts",
    pool: "forks",
    maxWorkers: 3,
    // for hangs only: a machine five times slower has to pass
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 25 } },
  },
});
