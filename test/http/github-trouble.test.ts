// GitHub's troubles are never the job's fault: 503 with Retry-After and an empty body, never a 500,
// never a refusal; its rate limits are obeyed; and nothing that it says can make us send our
// credentials, or any request, to a place where they do not belong.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { noFaults } from "../../scripts/simulated-github/faults.ts";
import { githubToken, proofText } from "../support/github.ts";
import { type ProblemReply, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";
import { forgeZip } from "../support/zip-forge.ts";

function expectComeBack(reply: ProblemReply, reason = "github_unavailable"): void {
  expect([reply.status, reply.text, reply.headers.get("x-queue-reason"), reply.headers.get("content-length")]).toEqual([
    503,
    "",
    reason,
    "0",
  ]);
  const retryAfter = Number(reply.headers.get("retry-after"));
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(retryAfter).toBeLessThanOrEqual(30);
}

describe("trouble at GitHub", () => {
  let queue: TokenlessQueue;
  beforeAll(async () => {
    queue = await startTokenlessQueue();
  });
  afterAll(() => queue?.[Symbol.asyncDispose]());
  beforeEach(() => void Object.assign(queue.github.faults, noFaults));

  it.each([
    ["every request is answered 500", { status: 500 }],
    ["every request is answered 502", { status: 502 }],
    ["the connection is reset", { reset: true }],
    ["HTML comes instead of JSON", { garbage: true }],
    ["the JSON never ends", { hugeJson: true }],
    ["our credentials lack a permission", { deny: "permissions" }],
    ["the blob store is down", { blobStatus: 503 }],
    ["the blob redirects for ever", { redirectLoop: true }],
    ["the zip lies at another host without TLS", { redirectTo: "http://203.0.113.1/zip" }],
    ["the zip lies in a file", { redirectTo: "file:///etc/passwd" }],
    ["the zip's URL carries credentials", { redirectTo: "https://user:secret@127.0.0.1/zip" }],
    ["the zip's URL is none", { redirectTo: "http://[" }],
  ] as const)("%s: come back later, and afterwards all is well", async (title, faults) => {
    const uniqueId = title.replaceAll(/\W/g, "-");
    queue.upload(uniqueId);
    Object.assign(queue.github.faults, faults);
    expectComeBack(await queue.enqueueJob(uniqueId));
    Object.assign(queue.github.faults, noFaults);
    expect((await queue.enqueueJob(uniqueId)).status).toBe(200);
  });

  it("a blob that never ends is cut off", async () => {
    queue.upload("endless");
    queue.github.faults.endlessBlob = true;
    expect(await queue.enqueueJob("endless")).toMatchObject({ status: 403, code: "artifact_too_large" });
  });

  it("does not fill the log: one line for many who ask", async () => {
    queue.github.faults.status = 500;
    await Promise.all(Array.from({ length: 30 }, (_, i) => queue.enqueueJob(`many-${i}`)));
    expect(
      queue.service.logLines().filter(({ msg, why }) => msg === "github_trouble" && why === "status 500"),
    ).toHaveLength(1);
  });
});

it("a GitHub that hangs is given up before the client's own 30 s are over", async () => {
  await using queue = await startTokenlessQueue();
  queue.upload("hang");
  queue.github.faults.hang = true;
  const begun = performance.now();
  expectComeBack(await queue.enqueueJob("hang"));
  expect(performance.now() - begun).toBeLessThan(25_000);
});

describe("rate limits", () => {
  it("a spent budget stops all requests until its reset", async () => {
    await using queue = await startTokenlessQueue();
    queue.upload("a");
    queue.github.budget.remaining = 0;
    queue.github.budget.resetAt = Math.floor(Date.now() / 1000) + 600;
    const first = await queue.enqueueJob("a");
    expectComeBack(first);
    expect(first.headers.get("retry-after")).toBe("30");
    const asked = queue.github.requests.length;
    expectComeBack(await queue.enqueueJob("b"));
    expect(queue.github.requests).toHaveLength(asked);
  });

  it.each([403, 429] as const)(
    "a secondary limit (%i) is obeyed for as long as it says, then work goes on",
    async (status) => {
      await using queue = await startTokenlessQueue();
      queue.upload("a");
      queue.github.faults.secondaryLimit = { retryAfterSeconds: 2, status };
      const refusedAt = Date.now();
      expectComeBack(await queue.enqueueJob("a"));
      queue.github.faults.secondaryLimit = null;
      let reply = await queue.enqueueJob("a");
      while (reply.status === 503) reply = await queue.enqueueJob("a");
      expect(reply.status).toBe(200);
      expect(Date.now() - refusedAt).toBeGreaterThan(1_900);
    },
  );
});

it("a reply that was under way does not end a pause that GitHub asked for since", async () => {
  await using queue = await startTokenlessQueue();
  for (const id of ["slow", "limited", "after"]) queue.upload(id);
  Object.assign(queue.github.faults, { only: /name=servo-ci-runners_slow/, slowMs: 300 });
  const seen = queue.github.nextRequest(/_slow/);
  const slow = queue.enqueueJob("slow");
  await seen;
  Object.assign(queue.github.faults, { only: null, slowMs: 0, secondaryLimit: { retryAfterSeconds: 20 } });
  expectComeBack(await queue.enqueueJob("limited"));
  queue.github.faults.secondaryLimit = null;
  await slow;
  const asked = queue.github.requests.length;
  expectComeBack(await queue.enqueueJob("after"));
  expect(queue.github.requests).toHaveLength(asked);
});

it("the zip is not fetched without TLS from another host than the API's", async () => {
  await using queue = await startTokenlessQueue();
  let connections = 0;
  const elsewhere = createServer().on("connection", () => connections++);
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.2", resolve));
  onTestFinished(() => void elsewhere.close());
  queue.upload("a");
  queue.github.faults.redirectTo = `http://127.0.0.2:${(elsewhere.address() as AddressInfo).port}/zip`;
  expectComeBack(await queue.enqueueJob("a"));
  expect(connections).toBe(0);
});

it("our credentials do not follow a redirect, not even to a host that we trust", async () => {
  await using queue = await startTokenlessQueue();
  const seen: (string | undefined)[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void elsewhere.close());
  queue.upload("a");
  queue.github.faults.redirectTo = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/zip`;
  expectComeBack(await queue.enqueueJob("a"));
  expect(seen).toEqual([undefined]);
});

it("a wrong token is our operator's fault: come back later, and a loud line in the log", async () => {
  await using queue = await startTokenlessQueue({ GITHUB_TOKEN: "wrong-token" });
  queue.upload("a");
  expectComeBack(await queue.enqueueJob("a"));
  const line = await queue.service.onLog(({ level }) => level === "error");
  expect(line.msg).toContain("GITHUB_TOKEN");
  expect(JSON.stringify(queue.service.logLines())).not.toContain("wrong-token");
});

describe("as a GitHub App", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const app = {
    id: "4711",
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    installedAt: ["servo"],
  };
  // as GitHub hands it out, in one line
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString().replaceAll("\n", "\\n");
  const env = { GITHUB_APP_ID: app.id, GITHUB_APP_PRIVATE_KEY: pem, ALLOWED_REPOS: "servo/,other/" };
  const paths = (queue: TokenlessQueue) => queue.github.requests.map(({ path }) => path);

  it("20 jobs of one owner at once need one installation token, and it is used again", async () => {
    await using queue = await startTokenlessQueue(env, { app });
    const ids = Array.from({ length: 20 }, (_, i) => `job-${i}`);
    for (const id of ids) queue.upload(id);
    for (const reply of await Promise.all(ids.map((id) => queue.enqueueJob(id)))) expect(reply.status).toBe(200);
    expect(paths(queue).filter((path) => path.endsWith("/access_tokens"))).toHaveLength(1);
    expect(queue.github.violations).toEqual([]);
  });

  it("a token near its end is not used any more", async () => {
    await using queue = await startTokenlessQueue(env, { app, installationTokenTtlMs: 60_000 });
    for (const id of ["a", "b"]) {
      queue.upload(id);
      expect((await queue.enqueueJob(id)).status).toBe(200);
    }
    expect(paths(queue).filter((path) => path.endsWith("/access_tokens"))).toHaveLength(4);
  });

  it("a token that was revoked before its time is replaced at once", async () => {
    await using queue = await startTokenlessQueue(env, { app });
    for (const id of ["a", "b"]) {
      queue.upload(id);
      expect((await queue.enqueueJob(id)).status).toBe(200);
      queue.github.revokeInstallationTokens();
    }
  });

  it("two owners have a token each", async () => {
    await using queue = await startTokenlessQueue(env, { app: { ...app, installedAt: ["servo", "other"] } });
    queue.upload("a");
    expect((await queue.enqueueJob("a")).status).toBe(200);
    const zip = forgeZip([
      { name: "f", content: proofText({ uniqueId: "b", repo: "other/repo", runId: "5", profile: "linux" }) },
    ]);
    queue.github.addArtifact({ repo: "other/repo", runId: "5", name: "servo-ci-runners_b", zip });
    const reply = await queue.enqueue({ unique_id: "b", qualified_repo: "other/repo", run_id: "5" });
    expect(reply.status).toBe(200);
    expect(paths(queue).filter((path) => path.endsWith("/access_tokens"))).toHaveLength(2);
  });

  it("a stranger who asks for a repository that does not exist spoils nothing for those that do", async () => {
    await using queue = await startTokenlessQueue(env, { app });
    queue.upload("honest");
    queue.github.faults.slowMs = 150;
    const seen = queue.github.nextRequest(/servo\/nope\/installation/);
    const stranger = queue.enqueue({ unique_id: "x", qualified_repo: "servo/nope", run_id: "5" }, "203.0.113.1");
    await seen;
    expect((await queue.enqueueJob("honest", "203.0.113.2")).status).toBe(200);
    expect((await stranger).code).toBe("run_not_visible");
  });

  it("a wrong key is said loudly", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const wrong = other.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await using queue = await startTokenlessQueue({ ...env, GITHUB_APP_PRIVATE_KEY: wrong }, { app });
    expectComeBack(await queue.enqueueJob("a"));
    await queue.service.onLog(({ level }) => level === "error");
  });

  it("an owner where it is not installed is refused with a sentence", async () => {
    await using queue = await startTokenlessQueue(env, { app });
    queue.github.addRun("other/repo", "5");
    const reply = await queue.enqueue({ unique_id: "x", qualified_repo: "other/repo", run_id: "5" });
    expect(reply).toMatchObject({ status: 403, code: "run_not_visible" });
  });
});

it("without credentials the log says at start what will not work", async () => {
  await using queue = await startTokenlessQueue({ GITHUB_TOKEN: "" }, { token: githubToken });
  expect(queue.service.logLines()).toContainEqual(
    expect.objectContaining({
      level: "warn",
      msg: expect.stringContaining("ALLOWED_REPOS is set, but neither GITHUB_TOKEN"),
    }),
  );
});
