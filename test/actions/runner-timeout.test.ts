// runner-timeout: cancels a run whose job waits for a runner that does not come, and never on a
// guess.
import { describe, expect, test } from "vitest";
import { runAction, startAction } from "./composite-action.ts";
import { startQueueDouble } from "./queue-double.ts";
import { githubToken, repo, runId, startWorkflowRun, type WorkflowRun } from "./workflow-run.ts";

const id = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
const noWait = { RUNNER_TIMEOUT_WAIT_SECONDS: "0" };

function timeout({ env }: WorkflowRun, uniqueId = id, more: Record<string, string> = {}) {
  return runAction("runner-timeout", {
    inputs: { "unique-id": uniqueId, github_token: githubToken },
    env: { ...env, ...noWait, ...more },
  });
}

test("a job that is still queued has its run cancelled, with hints, and the step fails", async () => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name: "lint", status: "completed" });
  run.github.addJob(repo, runId, { name: `build [${id}]`, status: "queued" });

  const { log, isSuccess } = await timeout(run);

  expect(run.github.isCancelled(repo, runId)).toBe(true);
  expect(isSuccess).toBe(false);
  expect(log).toContain("may this repository use the runner group?");
  expect(log).toContain("is the monitor on the runner's host alive");
  expect(log).toContain("::error title=runner-timeout::");
  expect(log).not.toContain(githubToken);
  expect(run.github.violations).toEqual([]);
});

test.each(["in_progress", "completed"] as const)("a job that is %s leaves its run alone", async (status) => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name: `build [${id}] / linux`, status });
  run.github.addJob(repo, runId, { name: "another", status: "queued" });

  const { isSuccess, log } = await timeout(run);

  expect(isSuccess).toBe(true);
  expect(log).toBe("Waiting for 0 seconds.\nThe job has its runner.\n");
  expect(run.github.isCancelled(repo, runId)).toBe(false);
});

test("of several jobs with the id, one that is queued is enough", async () => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name: `test 0 [${id}]`, status: "in_progress" });
  run.github.addJob(repo, runId, { name: `test 1 [${id}]`, status: "queued" });
  await timeout(run);
  expect(run.github.isCancelled(repo, runId)).toBe(true);
});

test.each([
  ["abc", "build abc", "without brackets"],
  ["abc", "build [abcd]", "a longer id"],
  ["abc", "build [ABC]", "another case"],
  [".*", "build [abc]", "a pattern"],
  ['"]) | true or ("', "build [abc]", "a jq program"],
])("the id is looked for literally, in brackets: %j is not in %j (%s)", async (uniqueId, name) => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name, status: "queued" });

  const { isSuccess, log } = await timeout(run, uniqueId);

  expect(isSuccess).toBe(true);
  expect(log).toContain("::warning title=runner-timeout::No job of this run is named after the unique id");
  expect(run.github.isCancelled(repo, runId)).toBe(false);
});

test("a job beyond the first page is found", async () => {
  const run = await startWorkflowRun();
  for (let n = 0; n < 230; n++) run.github.addJob(repo, runId, { name: `shard ${n}`, status: "in_progress" });
  run.github.addJob(repo, runId, { name: `build [${id}]`, status: "queued" });
  await timeout(run);
  expect(run.github.isCancelled(repo, runId)).toBe(true);
});

test("a run without the id in any name is not cancelled; an empty id is not looked for", async () => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name: "build []", status: "queued" });
  const { isSuccess, log } = await timeout(run, "");
  expect(isSuccess).toBe(true);
  expect(log).toContain("unique-id is empty. Nothing was cancelled.");
  expect(run.github.requests).toEqual([]);
});

describe("where GitHub does not say how the jobs stand, nothing is cancelled and the step is green:", () => {
  const jobs = [{ name: `build [${id}]`, status: "queued" }];
  test.each<[string, number, string]>([
    ["refused", 403, '{"message":"Resource not accessible by integration"}'],
    ["no such run", 404, '{"message":"Not Found"}'],
    ["a page of HTML", 200, "<html></html>"],
    ["a job without status", 200, JSON.stringify({ jobs: [...jobs, { name: "x" }] })],
    ["a job whose name is no text", 200, JSON.stringify({ jobs: [...jobs, { name: 7, status: "queued" }] })],
    ["no list", 200, JSON.stringify({ jobs: null })],
    ["nothing", 200, ""],
  ])("%s", async (_name, status, body) => {
    const run = await startWorkflowRun();
    const github = await startQueueDouble(() => ({ status, body }));
    const { isSuccess, log } = await timeout(run, id, { GITHUB_API_URL: github.url });
    expect(isSuccess).toBe(true);
    expect(log).toContain("GitHub does not say how the jobs of this run stand. Nothing was cancelled.");
    expect(github.asked.map(({ method }) => method)).toEqual(["GET"]);
  });
});

test("a GitHub in trouble is asked again", async () => {
  const run = await startWorkflowRun();
  const github = await startQueueDouble(({ method, earlier }) => {
    if (method === "POST") return { status: 202 };
    if (earlier === 0) return { status: 502 };
    return { status: 200, body: JSON.stringify({ jobs: [{ name: `build [${id}]`, status: "queued" }] }) };
  });
  const { isSuccess } = await timeout(run, id, { GITHUB_API_URL: github.url });
  expect(isSuccess).toBe(false);
  expect(github.asked.map(({ method }) => method)).toEqual(["GET", "GET", "POST"]);
});

test("a run that GitHub does not cancel is named, and the step fails all the same", async () => {
  const run = await startWorkflowRun();
  const github = await startQueueDouble(({ method }) =>
    method === "POST"
      ? { status: 403 }
      : { status: 200, body: JSON.stringify({ jobs: [{ name: `build [${id}]`, status: "queued" }] }) },
  );
  const { isSuccess, log } = await timeout(run, id, { GITHUB_API_URL: github.url });
  expect(isSuccess).toBe(false);
  expect(log).toContain("GitHub refused to cancel the run (403)");
});

test("a cancelled workflow ends the wait at once, and asks nothing", async () => {
  const run = await startWorkflowRun();
  run.github.addJob(repo, runId, { name: `build [${id}]`, status: "queued" });
  const running = await startAction("runner-timeout", {
    inputs: { "unique-id": id, github_token: githubToken },
    env: { ...run.env, RUNNER_TIMEOUT_WAIT_SECONDS: "100" },
  });
  await running.onLog("Waiting");
  running.cancel("SIGINT");
  const { isSuccess } = await running.ended;
  expect(isSuccess).toBe(false);
  expect(run.github.requests).toEqual([]);
});
