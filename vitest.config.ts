// Tests start real servers and a real redis-server each, processes of their own, and often wait for them: three at a
// time keep two cores busy.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Most of what a short process costs is reading its code: every process that a test starts finds it
// compiled (Node's own cache).
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/compile-cache.ts",
    pool: "forks",
    maxWorkers: 3,
    // for hangs only: a machine five times slower has to pass
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 25 } },
  },
});
