// What the lock file promises to whoever installs: no package is taken that nobody has seen before.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const entrySchema = z.object({ version: z.string(), integrity: z.string().optional() });
const lock = z
  .object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), entrySchema) })
  .parse(JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")));

/** The project itself has the empty path. */
const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

test("every package is installed only if it has the checksum that the lock file names, on every system", () => {
  expect(packages.length).toBeGreaterThan(100);
  const unchecked = packages.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
  expect(unchecked.map(([path]) => path)).toEqual([]);
});
