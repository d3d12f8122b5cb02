// runner-select with `wait: detached`: it enqueues, prints its label and ends; the queue waits.
import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { expectFallback } from "./fallback.ts";
import { problem, startQueueDouble } from "./queue-double.ts";
import { startRealQueue } from "./real-queue.ts";
import { repo, runId, startWorkflowRun } from "./workflow-run.ts";

const detached = { wait: "detached" };

test.each([
  ["an id token", true, ["POST /profile/linux/enqueue 200"]],
  ["an artifact", false, ["POST /enqueue 200"]],
])(
  "by %s: it ends while its job stands in line, and the job that names the label gets its runner",
  async (_, byIdToken, asked) => {
    const queue = await startRealQueue({ takesIdTokens: true });
    await queue.occupy();
    const env = { ...(byIdToken ? queue.run.envWithIdToken : queue.run.env), GITHUB_RUN_ATTEMPT: "1" };

    const { outputs, log, summary, directory, isSuccess } = await queue.run.select(
      { "queue-url": queue.url, ...detached },
      { env },
    );

    const id = outputs["unique-id"] ?? "";
    expect(isSuccess).toBe(true);
    expect(outputs).toMatchObject({
      "selected-runner-label": `reserved-for:${id}`,
      "selected-runner-count": "1",
      "is-self-hosted": "true",
    });
    expect(queue.exchanges, "nobody waits, and nobody gives the place up").toEqual(asked);
    expect(await readdir(directory)).toEqual([]);
    expect(log).toContain(
      `::notice title=runner-select::In line for profile linux. The job that names reserved-for:${id} starts`,
    );
    expect(summary).toContain(`nobody waits here for \`reserved-for:${id}\``);

    queue.run.github.addJob(repo, runId, {
      name: "build",
      status: "queued",
      labels: ["self-hosted", `reserved-for:${id}`],
    });
    queue.monitor.freeOne("linux");
    await expect.poll(() => queue.monitor.reservedFor(id), { timeout: 60_000 }).toHaveLength(1);
    expect(queue.run.github.violations).toEqual([]);
  },
  120_000,
);

test("whether to fall back is decided at once: by max-wait, and where the queue does not hear GitHub", async () => {
  const refusals = [
    ["would_wait_too_long", "It would take 900 to 1200 seconds"],
    ["malformed_parameter", "presence: this queue does not hear GitHub"],
  ] as const;
  for (const [code, detail] of refusals) {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(() => problem(code === "malformed_parameter" ? 400 : 422, code, detail));
    const end = await run.select(
      { "queue-url": queue.url, "max-wait": "60", ...detached },
      { env: run.envWithIdToken },
    );
    expectFallback(end, code);
    const [asked] = queue.asked;
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toMatchObject({
      max_wait: "60",
      presence: "github",
      run_attempt: "1",
    });
    expect(queue.lines()).toEqual(["POST /profile/linux/enqueue"]);
  }
});

test("a word that is neither here nor detached falls back, and nobody is asked", async () => {
  const run = await startWorkflowRun();
  const queue = await startQueueDouble(() => ({ status: 500 }));
  expectFallback(await run.select({ "queue-url": queue.url, wait: "Detached" }), "wait is neither here nor detached.");
  expect(queue.asked).toEqual([]);
});
