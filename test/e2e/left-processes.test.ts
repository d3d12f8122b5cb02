// A test run, a bench or a demo may be killed with no chance to tidy up.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { loadProcesses, loadSurvivors } from "../support/processes.ts";

const serviceProcess = new URL("../../scripts/service-process.ts", import.meta.url).href;
/** Starts a service, says so once it listens, and goes on for ever. */
const script = `
  import { spawnService, waitUntilReady } from ${JSON.stringify(serviceProcess)};
  const service = spawnService({ MONITORS: "http://127.0.0.1:1", API_TOKENS: "a-token-of-the-tests" });
  await waitUntilReady(service);
  console.log(service.pid);
`;

test("whoever is killed leaves no process behind: the services that they started end with them", async () => {
  const killed = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: killed.stdout }), "line")) as [string];
  const started = loadProcesses().filter(({ parent }) => parent === killed.pid);
  expect(started.map(({ pid }) => pid)).toContain(Number(line));
  const ended = once(killed, "exit");
  killed.kill("SIGKILL");
  await ended;
  await expect.poll(() => loadSurvivors(started), { timeout: 60_000 }).toEqual([]);
});
