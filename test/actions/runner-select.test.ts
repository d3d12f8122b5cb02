// runner-select against the real queue: which proof it gives, what it outputs, and that a place it
// does not use is given up.
import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { takeUntilDone } from "../support/client.ts";
import { loadProcesses, loadSurvivors } from "../support/processes.ts";
import { loadStepProcesses } from "./composite-action.ts";
import { type RealQueue, startRealQueue } from "./real-queue.ts";
import { githubHosted, githubToken } from "./workflow-run.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function selfHosted(uniqueId: string | undefined, count = 1) {
  return {
    "unique-id": uniqueId,
    "selected-runner-label": `reserved-for:${uniqueId}`,
    "selected-runner-count": String(count),
    "selected-runner-indices": JSON.stringify(Array.from({ length: count }, (_, index) => index + 1)),
    "runner-type-label": "self-hosted-image:linux",
    "is-self-hosted": "true",
  };
}

test("a run that may ask for an id token gets a runner by it, and makes no artifact", async () => {
  const queue = await startRealQueue({ takesIdTokens: true });

  const { outputs, outcomes, summary, directory } = await queue.run.select(
    { "queue-url": `${queue.url}/` },
    { env: queue.run.envWithIdToken },
  );

  const id = outputs["unique-id"] ?? "";
  expect(id).toMatch(uuid);
  expect(outputs).toEqual(selfHosted(id));
  expect(queue.monitor.reservedFor(id)).toHaveLength(1);
  expect(outcomes).toMatchObject({ artifact: "skipped", take: "success" });
  expect(queue.run.uploaded).toEqual([]);
  expect(summary).toMatch(/^- `linux`: self-hosted runner `1`, after \d+ s\.\n$/);
  expect(await readdir(directory)).toEqual([]);
  expect(queue.run.github.violations).toEqual([]);
});

test("a run that may not, as of a fork's pull request, gets a runner by an artifact, which is deleted at the end", async () => {
  const queue = await startRealQueue({ takesIdTokens: true });

  const { outputs, directory } = await queue.run.select({ "queue-url": queue.url });

  expect(outputs).toEqual(selfHosted(outputs["unique-id"]));
  expect(queue.run.uploaded).toHaveLength(1);
  expect(queue.run.github.hasArtifact(queue.run.uploaded[0]!)).toBe(false);
  expect(await readdir(directory)).toEqual([]);
  expect(queue.run.github.violations).toEqual([]);
});

test("a queue that takes no id tokens is given an artifact", async () => {
  const queue = await startRealQueue({ takesIdTokens: false });

  const { outputs, log } = await queue.run.select({ "queue-url": queue.url }, { env: queue.run.envWithIdToken });

  expect(outputs).toEqual(selfHosted(outputs["unique-id"]));
  expect(queue.exchanges.slice(0, 2)).toEqual(["POST /profile/linux/enqueue 403", "POST /enqueue 200"]);
  expect(log).toContain("(bearer_unknown). An artifact shall prove who is asking.");
});

test("an artifact is of no use to others: without the step's own secret the queue refuses it", async () => {
  let stolen: Promise<string> | undefined;
  const queue = await startRealQueue({
    before: async ({ url }, { service }) => {
      if (url.pathname !== "/enqueue") return null;
      const query = new URLSearchParams(url.search);
      query.set("code_verifier", "v".repeat(64));
      stolen ??= fetch(`${service.url}/enqueue?${query}`, { method: "POST" }).then((reply) => reply.text());
      await stolen;
      return null;
    },
  });

  const { outputs } = await queue.run.select({ "queue-url": queue.url });

  expect(outputs["is-self-hosted"]).toBe("true");
  expect(await stolen).toContain("code_verifier_wrong");
});

test.each([true, false])(
  "three runners come as one label and the indices [1,2,3] (by id token: %s)",
  async (byIdToken) => {
    const queue = await startRealQueue({ runners: 3, takesIdTokens: true });

    const { outputs, summary } = await queue.run.select(
      { "queue-url": queue.url, "self-hosted-runner-count": "3", "github-hosted-runner-count": "7" },
      byIdToken ? { env: queue.run.envWithIdToken } : {},
    );

    const id = outputs["unique-id"] ?? "";
    expect(outputs).toEqual(selfHosted(id, 3));
    expect(queue.monitor.reservedFor(id)).toHaveLength(3);
    expect(summary).toMatch(/self-hosted runners `\d, \d, \d`/);
  },
);

test("asking for more than the fleet keeps falls back at once, with the queue's own sentence", async () => {
  const queue = await startRealQueue({ takesIdTokens: true });

  const { outputs, log, summary, isSuccess } = await queue.run.select(
    { "queue-url": queue.url, "self-hosted-runner-count": "9", "github-hosted-runner-count": "2" },
    { env: queue.run.envWithIdToken },
  );

  expect(isSuccess).toBe(true);
  expect(outputs).toMatchObject({
    ...githubHosted,
    "selected-runner-count": "2",
    "selected-runner-indices": "[1,2]",
  });
  const sentence =
    "The queue refused: The fleet has fewer runners of this profile than asked for: The monitors keep 1 of them in all (unsatisfiable).";
  expect(log).toContain(`::notice title=runner-select::GitHub-hosted runner: ${sentence}\n`);
  expect(summary).toMatch(/^- `linux`: GitHub-hosted runner `ubuntu-latest`, after \d+ s: `The queue refused: .*`\n$/);
  expect(summary).toContain(sentence);
  expect(queue.exchanges).toEqual(["POST /profile/linux/enqueue/9 422"]);
});

test("a repository that the queue does not serve falls back, and its artifact is deleted", async () => {
  const queue = await startRealQueue();

  const { outputs, log } = await queue.run.select(
    { "queue-url": queue.url },
    { env: { ...queue.run.env, GITHUB_REPOSITORY: "stranger/repo" }, upload: () => 1 },
  );

  expect(outputs).toMatchObject(githubHosted);
  expect(log).toContain("(repository_not_allowed)");
  expect(queue.run.github.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "DELETE /repos/stranger/repo/actions/artifacts/1",
  ]);
});

test("who has waited for max-wait in vain gives the place up and falls back", async () => {
  const queue = await startRealQueue();
  await queue.occupy();

  const { outputs, log, outcomes } = await queue.run.select({ "queue-url": queue.url, "max-wait": "1" });

  expect(outputs).toMatchObject(githubHosted);
  expect(await queue.loadJob(outputs["unique-id"]!)).toMatchObject({ state: "cancelled" });
  expect(log).toContain("Waiting at position 1: no_capacity\n");
  expect(log).toContain("GitHub-hosted runner: No runner was free for this job within max-wait (1 s).\n");
  expect(outcomes).toMatchObject({ take: "success" });
});

test("a runner that turns idle is in use at once, for the queue holds the request", async () => {
  const queue = await startRealQueue();
  await queue.occupy();
  const running = await queue.run.start({ "queue-url": queue.url });
  await queue.held;
  queue.monitor.freeOne("linux");
  const { outputs } = await running.ended;
  expect(outputs).toEqual(selfHosted(outputs["unique-id"]));
  // one to hear how it stands, and one that was held
  expect(queue.exchanges.slice(-2)).toEqual(["POST /take/N 503", "POST /take/N 200"]);
});

test("a runner that was reserved in the very moment of giving up is used", async () => {
  const queue = await startRealQueue({
    before: async ({ method, url, bearer }, { monitor, service }) => {
      if (method !== "DELETE") return null;
      const id = url.pathname.split("/").at(-1) ?? "";
      monitor.freeOne("linux");
      await takeUntilDone(service.url, id, bearer);
      return null;
    },
  });
  await queue.occupy();

  const { outputs } = await queue.run.select({ "queue-url": queue.url, "max-wait": "0" });

  expect(outputs).toEqual(selfHosted(outputs["unique-id"]));
  expect(queue.exchanges.slice(-2)).toEqual(["DELETE /jobs/N 409", "POST /take/N 200"]);
});

test.each([
  ["SIGINT", true],
  ["SIGTERM", true],
  ["SIGINT", false],
] as const)(
  "a workflow that is cancelled (%s; the last step is cut off: %s) gives its place up at once, deletes its artifact and leaves no process",
  async (signal, cancelledSkipsAll) => {
    const queue = await startRealQueue();
    await queue.occupy();
    const running = await queue.run.start({ "queue-url": queue.url }, { cancelledSkipsAll });
    await queue.held;
    const stepProcesses = loadStepProcesses();

    const cancelledAt = performance.now();
    running.cancel(signal);
    const { outputs, log, outcomes, directory } = await running.ended;

    // far sooner than the held take would have ended
    expect(performance.now() - cancelledAt).toBeLessThan(20_000);
    expect(await queue.loadJob(outputs["unique-id"]!)).toMatchObject({ state: "cancelled" });
    expect(queue.exchanges.filter((line) => line.startsWith("DELETE"))).toEqual(["DELETE /jobs/N 200"]);
    expect(log).toContain("The workflow was cancelled, and its place in line given up.");
    expect(outcomes).toMatchObject({
      take: "success",
      "Leave nothing behind": cancelledSkipsAll ? "skipped" : "success",
    });
    expect(queue.run.github.hasArtifact(queue.run.uploaded[0]!)).toBe(false);
    expect(await readdir(directory)).toEqual([]);
    expect(loadSurvivors(stepProcesses)).toEqual([]);
  },
);

test("a step that is killed without warning has its place given up by the last step", async () => {
  const queue = await startRealQueue();
  await queue.occupy();
  const running = await queue.run.start({ "queue-url": queue.url });
  await queue.held;

  running.cancel("SIGKILL");
  const { outputs, outcomes, isSuccess } = await running.ended;

  expect(outcomes).toMatchObject({ take: "failure", "Leave nothing behind": "success" });
  expect(isSuccess).toBe(true);
  expect(outputs).toMatchObject(githubHosted);
  expect(await queue.loadJob(outputs["unique-id"]!)).toMatchObject({ state: "cancelled" });
});

test("no secret is written to the log but to have it masked, and none stands in the list of processes", async () => {
  const secrets = new Set<string>([githubToken]);
  let seen = "";
  const queue: RealQueue = await startRealQueue({
    takesIdTokens: true,
    before: async ({ url, bearer, earlier }) => {
      seen += loadProcesses()
        .map(({ command }) => command)
        .join("\n");
      const verifier = url.searchParams.get("code_verifier");
      for (const secret of [bearer, verifier ?? ""]) if (secret !== "") secrets.add(secret);
      // Refused once, so that a single run uses every proof there is.
      if (url.pathname.startsWith("/profile/") && earlier === 0) return { status: 403, body: "" };
      return null;
    },
  });
  secrets.add(queue.run.github.idTokenRequest.token);

  const { outputs, log } = await queue.run.select({ "queue-url": queue.url }, { env: queue.run.envWithIdToken });

  expect(outputs["is-self-hosted"]).toBe("true");
  // GitHub's token, the id token's request token, the id token, the verifier, the ticket.
  expect(secrets.size).toBe(5);
  const masked = log.split("\n").filter((line) => line.startsWith("::add-mask::"));
  const open = log.split("\n").filter((line) => !line.startsWith("::add-mask::"));
  expect(masked).toHaveLength(3);
  expect(seen).toContain("curl");
  for (const secret of secrets) {
    expect(open.join("\n")).not.toContain(secret);
    expect(seen).not.toContain(secret);
    expect(JSON.stringify(outputs)).not.toContain(secret);
  }
});
