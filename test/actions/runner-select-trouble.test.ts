// runner-select when things go wrong: it never fails its job, and falls back within bounds.
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createTestDirectory } from "../support/files.ts";
import { loadSurvivors } from "../support/processes.ts";
import { loadStepProcesses, type RunningAction } from "./composite-action.ts";
import { expectFallback } from "./fallback.ts";
import {
  type Asked,
  answerTakes,
  oneRunner,
  problem,
  reservePort,
  someTicket,
  startQueueDouble,
} from "./queue-double.ts";
import { repo, runId, startWorkflowRun } from "./workflow-run.ts";

const wait = { status: 503, headers: { "x-queue-position": "2", "x-queue-reason": "not_your_turn" } };

describe("switched off", () => {
  test.each([
    [{ NO_SELF_HOSTED_RUNNERS: "0" }, "NO_SELF_HOSTED_RUNNERS is set"],
    [{ "force-github-hosted-runner": "true" }, "force-github-hosted-runner is set"],
  ])("%o: nobody is asked anything, not even to clean up", async (inputs, sentence) => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(oneRunner));

    const end = await run.select({ "queue-url": queue.url, ...inputs }, { env: run.envWithIdToken });

    expectFallback(end, sentence);
    expect(end.outputs["unique-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect([queue.asked, run.github.requests, run.uploaded]).toEqual([[], [], []]);
  });
});

describe("waiting", () => {
  test("first hears how it stands, then is held, and where it is not, asks in the rhythm of Retry-After; each change is told once", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(
      answerTakes(
        wait,
        { ...wait, headers: { ...wait.headers, "retry-after": "2" } },
        { status: 500 },
        { status: 429, headers: { "retry-after": "soon" } },
        "reset",
        { status: 408, headers: { "x-queue-position": "1", "x-queue-reason": "no_capacity" } },
        oneRunner,
      ),
    );

    const { outputs, log } = await run.select({ "queue-url": queue.url });

    expect(outputs["is-self-hosted"]).toBe("true");
    const takes = queue.asked.filter(({ url }) => url.pathname.startsWith("/take/"));
    const pauses = takes.slice(1).map(({ at }, index) => (at - takes[index]!.at) / 1000);
    const wanted = [0, 2, 1, 1, 1, 1];
    expect(pauses).toHaveLength(wanted.length);
    // Never sooner than asked to; how much later is a matter of how busy this machine is.
    for (const [index, seconds] of wanted.entries()) {
      expect(pauses[index]).toBeGreaterThan(seconds - 0.1);
      expect(pauses[index]).toBeLessThan(seconds + 5);
    }
    expect(takes.map(({ url }) => url.searchParams.get("wait"))).toEqual(["0", "25", "25", "25", "25", "25", "25"]);
    expect(log.split("\n").filter((line) => line.startsWith("Waiting"))).toEqual([
      "Waiting at position 2: not_your_turn",
      "Waiting: the queue answered 500",
      "Waiting: the queue answered 429",
      "Waiting at position 1: no_capacity",
    ]);
  });

  test("a ticket never stands in a URL", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(oneRunner));
    await run.select({ "queue-url": queue.url });
    expect(queue.asked.map(({ url }) => url.href).join("\n")).not.toContain(someTicket);
    expect(queue.asked.at(-1)).toMatchObject({ method: "POST", bearer: someTicket });
  });

  test("ends at once when it is cancelled while the queue does not answer", async () => {
    const run = await startWorkflowRun();
    let hangs: (() => void) | undefined;
    const isHanging = new Promise<void>((resolve) => {
      hangs = resolve;
    });
    const answer = answerTakes("hang");
    const queue = await startQueueDouble((asked) => {
      if (asked.url.pathname.startsWith("/take/")) hangs?.();
      return answer(asked);
    });
    const running = await run.start({ "queue-url": queue.url });
    await isHanging;
    const stepProcesses = loadStepProcesses();
    expect(stepProcesses.map(({ command }) => command)).toContainEqual(expect.stringMatching(/^curl /));

    const cancelledAt = performance.now();
    running.cancel("SIGINT");
    expectFallback(await running.ended, "The workflow was cancelled");

    // far sooner than curl would have given up
    expect(performance.now() - cancelledAt).toBeLessThan(20_000);
    expect(loadSurvivors(stepProcesses)).toEqual([]);
    expect(queue.lines()).toEqual(["POST /enqueue", "POST /take/N", "DELETE /jobs/N"]);
  });
});

test("a workflow that is cancelled during the upload takes no place in line, and its artifact is deleted", async () => {
  const run = await startWorkflowRun();
  const queue = await startQueueDouble(answerTakes(oneRunner));
  const running: RunningAction = await run.start(
    { "queue-url": queue.url },
    {
      upload: ({ name }) => {
        running.cancel("SIGINT");
        return run.github.addArtifact({ repo, runId, name, zip: new Uint8Array() });
      },
    },
  );

  const { outcomes } = await running.ended;

  expect(outcomes).toMatchObject({ artifact: "success", take: "skipped", "Leave nothing behind": "success" });
  expect(queue.asked).toEqual([]);
  expect(run.github.requests.map(({ method, status }) => `${method} ${status}`)).toEqual(["DELETE 204"]);
});

describe("a queue that restarts while a job enqueues", () => {
  test("is waited for: it may refuse connections for half a minute before the workflow falls back", async () => {
    const run = await startWorkflowRun();
    const port = await reservePort();
    const running = await run.start({ "queue-url": `http://127.0.0.1:${port}` });
    await running.onLog("::add-mask::");
    // Time is the very thing that is tested here: well past the 6 s after which five tries are
    // over.
    await setTimeout(20_000);
    const queue = await startQueueDouble(answerTakes(oneRunner), port);

    const { outputs } = await running.ended;

    expect(outputs["is-self-hosted"]).toBe("true");
    expect(queue.lines()).toEqual(["POST /enqueue", "POST /take/N"]);
  });

  test("is asked again where it cut the connection: the same enqueue gets the same ticket", async () => {
    const run = await startWorkflowRun();
    const isEnqueue = ({ url, earlier }: Asked) => url.pathname === "/enqueue" && earlier < 2;
    const queue = await startQueueDouble((asked) => (isEnqueue(asked) ? "reset" : answerTakes(oneRunner)(asked)));

    const { outputs } = await run.select({ "queue-url": queue.url });

    expect(outputs["is-self-hosted"]).toBe("true");
    expect(queue.lines()).toEqual(["POST /enqueue", "POST /enqueue", "POST /enqueue", "POST /take/N"]);
  });

  test("is not waited for after it refused for good", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(() => problem(422, "unsatisfiable", "The fleet has fewer runners"));
    expectFallback(await run.select({ "queue-url": queue.url }), "(unsatisfiable)");
    expect(queue.lines()).toEqual(["POST /enqueue"]);
  });
});

test.each(["localhost", "[::1]"])("a queue on this machine may be asked by http: %s", async (host) => {
  const run = await startWorkflowRun();
  const queue = await startQueueDouble(answerTakes(oneRunner), 0, host === "[::1]" ? "::1" : host);
  const { outputs } = await run.select({ "queue-url": queue.url });
  expect(outputs["is-self-hosted"]).toBe("true");
});

test("a queue elsewhere is asked by https only, and the notice says why nobody was asked", async () => {
  const run = await startWorkflowRun();
  const end = await run.select({ "queue-url": "http://queue.example" }, { env: run.envWithIdToken });
  expectFallback(end, "queue-url is not https: only a queue on this very machine");
  expect(run.github.requests).toEqual([]);
});

test("an artifact that GitHub does not show at once is waited for a little, and then no longer", async () => {
  const late = await startWorkflowRun();
  const missing = problem(403, "artifact_missing", "The run has no artifact for this unique_id");
  const isFirst = ({ url, earlier }: Asked) => url.pathname === "/enqueue" && earlier === 0;
  const queue = await startQueueDouble((asked) => (isFirst(asked) ? missing : answerTakes(oneRunner)(asked)));
  const hurry = { RUNNER_SELECT_ARTIFACT_SECONDS: "0" };
  expect(
    (await late.select({ "queue-url": queue.url }, { env: { ...late.env, ...hurry } })).outputs["is-self-hosted"],
  ).toBe("true");
  expect(queue.lines()).toEqual(["POST /enqueue", "POST /enqueue", "POST /take/N"]);

  const never = await startWorkflowRun();
  const refusing = await startQueueDouble(() => missing);
  expectFallback(
    await never.select({ "queue-url": refusing.url }, { env: { ...never.env, ...hurry } }),
    "artifact_missing",
  );
  expect(refusing.lines()).toEqual(["POST /enqueue", "POST /enqueue", "POST /enqueue"]);
});

describe("falls back", () => {
  test.each<[string, string, RegExp]>([
    ["null", "null", /tried to reserve a runner, and failed for good/],
    ["nothing", "", /cannot be read as 1 reserved runner/],
    ["a page of HTML", "<html>hello</html>", /cannot be read/],
    ["a number", "42", /cannot be read/],
    ["an empty list", "[]", /cannot be read/],
    ["a list of nulls", "[null]", /cannot be read/],
    ["half an object", '{"id": 7, "runner"', /cannot be read/],
    ["two documents", '{"id":7}{"id":8}', /cannot be read/],
  ])("when a take is answered 200 with %s", async (_name, body, sentence) => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes({ status: 200, body }));

    expectFallback(await run.select({ "queue-url": queue.url }), sentence);

    const givenUp = body === "null" ? [] : ["DELETE /jobs/N"];
    expect(queue.lines()).toEqual(["POST /enqueue", "POST /take/N", ...givenUp]);
  });

  test("when it asked for three runners and is answered two", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes({ status: 200, body: '[{"id":1},{"id":2}]' }));
    const end = await run.select({ "queue-url": queue.url, "self-hosted-runner-count": "3" });
    expectFallback(end, "cannot be read as 3 reserved runner(s)");
  });

  test.each([
    [
      problem(404, "job_abandoned", "The job was given up", "enqueue again"),
      "given up: enqueue again (job_abandoned).",
    ],
    [problem(403, "ticket_wrong", "The ticket is not this job's"), "The ticket is not this job's (ticket_wrong)."],
    [{ status: 410 }, "The queue answered 410."],
    [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }, "The queue answered 302."],
  ])("when a take is refused: %o", async (refusal, sentence) => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(refusal));
    const end = await run.select({ "queue-url": queue.url });
    expectFallback(end, sentence);
    expect(queue.lines()).toEqual(["POST /enqueue", "POST /take/N"]);
  });

  test.each([
    ["nothing", ""],
    ["a page", "<html><body>It works!</body></html>"],
    ["a word", "true"],
    ["two lines", `${someTicket}\n::error::gotcha`],
  ])("when enqueue returns %s instead of a ticket", async (_name, body) => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(() => ({ status: 200, body }));
    const end = await run.select({ "queue-url": queue.url });
    expectFallback(end, "what it returned is no ticket");
    // The verifier's: what is short or foreign is not masked.
    expect(end.log.match(/::add-mask::/g)).toHaveLength(1);
  });

  test("when nothing listens where the queue should be, and says so once however often it tried", async () => {
    const run = await startWorkflowRun();
    const env = { ...run.env, RUNNER_SELECT_ENQUEUE_SECONDS: "3" };
    const startedAt = performance.now();
    const end = await run.select({ "queue-url": "http://127.0.0.1:1" }, { env });
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    expectFallback(end, /cannot be reached: curl: \(7\) [^:]*\./);
    expect(end.log.match(/curl: \(7\)/g)).toHaveLength(1);
  });

  test("when enqueue is answered 503 for too long, with the queue's reason", async () => {
    const run = await startWorkflowRun();
    const headers = { "retry-after": "40", "x-queue-reason": "fleet_unknown" };
    const queue = await startQueueDouble(() => ({ status: 503, headers }));
    expectFallback(await run.select({ "queue-url": queue.url }), "The queue answered 503 (fleet_unknown).");
  });

  test("when the queue vanishes while it waits, and not before it had time to come back", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(wait, "reset", wait, "reset"));
    const env = { ...run.env, RUNNER_SELECT_UNANSWERED_SECONDS: "2" };

    const end = await run.select({ "queue-url": queue.url }, { env });

    expectFallback(end, /cannot be reached: curl: \(\d+\)/);
    const takes = queue.lines().filter((line) => line.startsWith("POST /take"));
    expect(takes.length).toBeGreaterThanOrEqual(5);
    expect(queue.lines().at(-1)).toBe("DELETE /jobs/N");
  });

  test("when the artifact cannot be uploaded, without asking the queue", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(oneRunner));
    const upload = () => {
      throw new Error("no storage left");
    };
    const end = await run.select({ "queue-url": queue.url }, { upload });
    expectFallback(end, "The artifact that proves who is asking could not be uploaded.");
    expect(queue.asked).toEqual([]);
    expect(run.github.requests).toEqual([]);
  });

  test("a GitHub that gives no id token leads to the artifact, one that does not delete it is only noted", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(oneRunner));
    const env = { ...run.envWithIdToken, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "stale" };
    run.github.faults.status = 403;

    const { outputs, log, isSuccess } = await run.select({ "queue-url": queue.url }, { env });

    expect(outputs["is-self-hosted"]).toBe("true");
    expect(isSuccess).toBe(true);
    expect(log).toContain("GitHub gave no id token (it answered 401)");
    expect(log).toContain("The artifact could not be deleted (GitHub answered 403)");
  });

  test("when a tool is missing, which is no failure of the job either", async () => {
    const run = await startWorkflowRun();
    const queue = await startQueueDouble(answerTakes(oneRunner));
    const bin = await createTestDirectory();
    for (const tool of ["bash", "env", "cat", "tr", "cut", "sed", "date", "mkdir", "rm", "od"]) {
      await symlink(`/usr/bin/${tool}`, join(bin, tool));
    }
    const end = await run.select({ "queue-url": queue.url }, { env: { ...run.env, PATH: bin } });
    expectFallback(end, "curl is missing here.");
  });
});
