// The lines under "By curl" in docs/http-api.md, run as they stand there by real bash and curl: a
// workflow step gets by them what it gets by the deployed lines, and without the option that some
// versions of curl ignore or get wrong.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { cancel, curlEnqueue, curlTake, enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, startService } from "../support/service.ts";
import { startWitness } from "../support/witness.ts";

const docs = readFileSync(new URL("../../docs/http-api.md", import.meta.url), "utf8");
const lines = /^## By curl\n[\s\S]*?```sh\n([\s\S]*?)```/m.exec(docs)?.[1] ?? "";

interface StepEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As GitHub starts a step's script. */
async function runDocumentedStep(queue: string, id: string, profile = "linux", script = lines): Promise<StepEnd> {
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    env: {
      PATH: process.env.PATH ?? "",
      TMPDIR: await createTestDirectory(),
      no_proxy: "127.0.0.1",
      QUEUE: queue,
      TOKEN: apiToken,
      ID: id,
      PROFILE: profile,
      REPO: "servo/servo",
      RUN: "77",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { exitCode, ...texts };
}

test("the lines do not need --fail-with-body, which curl 7.76 to 7.83 and 8.14 get wrong together with --retry; neither does runner-select", () => {
  expect(lines).toContain("--retry 900");
  expect(lines).not.toMatch(/--fail|(?<=\s)-\w*f/);
  const action = new URL("../../.github/actions/runner-select/", import.meta.url);
  for (const part of ["enqueue.sh", "waiting.sh", "http.sh"]) {
    expect(readFileSync(new URL(part, action), "utf8")).not.toMatch(/--fail/);
  }
});

test("a step that has to wait gets the runner that turns idle", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  await using witness = await startWitness(service.url);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(service.url, "holder", ticket);

  const step = runDocumentedStep(witness.url, "job");
  await witness.onReplies(1, ({ path }) => path.includes("/enqueue"));
  monitor.freeOne("linux");

  expect(await step).toEqual({ exitCode: 0, stdout: "reserved-for:job\n", stderr: "" });
  expect(monitor.reservedFor("job")).toHaveLength(1);
});

test("a step that is told to come back does so until it is served, and one 503 does not end its wait", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor], env: { MAX_WAIT: "1s" } });
  await using witness = await startWitness(service.url);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(service.url, "holder", ticket);

  const step = runDocumentedStep(witness.url, "job");
  await witness.onReplies(2, ({ path, status }) => path.startsWith("/take/job?") && status === 503);
  monitor.freeOne("linux");

  expect(await step).toEqual({ exitCode: 0, stdout: "reserved-for:job\n", stderr: "" });
});

test("a refused step falls back with the same words as by the deployed lines", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  const file = join(await createTestDirectory(), "ticket");
  const deployed = await curlEnqueue(service.url, { profile: "nobody-keeps-this", uniqueId: "a" }, file);
  expect(deployed.exitCode).toBe(22);

  const step = await runDocumentedStep(service.url, "b", "nobody-keeps-this");

  expect(step).toEqual({ exitCode: 0, stdout: "ubuntu-latest\n", stderr: deployed.text });
});

test("a step whose job is cancelled while it waits falls back with the same words as by the deployed lines", async () => {
  const monitor = await startMonitor();
  await using service = await startService({ monitors: [monitor] });
  await using witness = await startWitness(service.url);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "holder" });
  await takeUntilDone(service.url, "holder", ticket);
  const step = runDocumentedStep(witness.url, "job");
  await witness.onReplies(1, ({ path }) => path.includes("/enqueue"));
  const own = witness.replies.find(({ path }) => path.includes("/enqueue"))?.body ?? "";

  expect((await cancel(service.url, "job", own)).status).toBe(200);

  const file = join(await createTestDirectory(), "answer");
  const deployed = await curlTake(service.url, "job", own, file);
  expect(deployed).toMatchObject({ exitCode: 22, text: expect.stringContaining("job_cancelled") });
  expect(await step).toEqual({ exitCode: 0, stdout: "ubuntu-latest\n", stderr: deployed.text });
});

test("a step that cannot reach the queue at all falls back, and does not fail", async () => {
  // As they stand there, the lines would wait for the queue for 15 minutes.
  const hasty = lines.replace("--retry-connrefused ", "");
  expect(hasty).not.toBe(lines);
  const end = await runDocumentedStep("http://127.0.0.1:1", "job", "linux", hasty);
  expect(end).toMatchObject({ exitCode: 0, stdout: "ubuntu-latest\n" });
});
