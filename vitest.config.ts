// Tests start real servers and a real redis-server each: processes of their own, and no more of them than two cores bear.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // for hangs only: a machine five times slower has to pass
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
