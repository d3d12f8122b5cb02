// The description passes the rules of a strict linter that others use, and not only those that
// openapi.test.ts writes out.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeApi } from "../../src/http/openapi.ts";
import { createTestDirectory } from "../support/files.ts";

const linter = join(import.meta.dirname, "../../node_modules/@redocly/cli/bin/cli.js");

it("redocly's recommended rules find nothing, where each of them is an error", async () => {
  const file = join(await createTestDirectory(), "openapi.json");
  writeFileSync(file, JSON.stringify(describeApi(100, "1.2.3")));
  const run = spawnSync(process.execPath, [linter, "lint", "--extends", "recommended-strict", file], {
    encoding: "utf8",
    env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  });
  expect([run.status, run.status === 0 ? "" : run.stdout + run.stderr]).toEqual([0, ""]);
});
