// Enqueue without a token: an artifact of the run lets exactly its own job in, GitHub's troubles
// are "come back", and a stranger can neither hurt the queue nor spend the budget at GitHub.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeUntilDone } from "../support/client.ts";
import { githubToken } from "../support/github.ts";
import { repo, runId, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";
import { forgeZip } from "../support/zip-forge.ts";

describe("an artifact of the run", () => {
  let queue: TokenlessQueue;
  beforeAll(async () => {
    queue = await startTokenlessQueue();
  });
  afterAll(async () => {
    const violations = queue?.github.violations;
    await queue?.[Symbol.asyncDispose]();
    expect(violations).toEqual([]);
  });

  it("gets its job a ticket and a runner, with the profile and the count that it names", async () => {
    queue.upload("three", { count: 3 });
    const enqueued = await queue.enqueueJob("three");
    expect([enqueued.status, enqueued.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    const taken = await takeUntilDone(queue.service.url, "three", enqueued.text);
    expect(JSON.parse(taken.text)).toHaveLength(3);
  });

  it("is found among thousands of others by its exact name, in two requests to GitHub", async () => {
    for (let i = 0; i < 3000; i++) {
      queue.github.addArtifact({ repo, runId, name: `servo-ci-runners_needle${i}`, zip: new Uint8Array(10) });
    }
    queue.upload("needle");
    const before = queue.github.requests.length;
    expect((await queue.enqueueJob("needle")).status).toBe(200);
    const asked = queue.github.requests.slice(before);
    expect(asked.map(({ path }) => path.replace(/\/\d+\/zip/, "/N/zip"))).toEqual([
      `/repos/${repo}/actions/runs/${runId}/artifacts?name=servo-ci-runners_needle&per_page=100`,
      `/repos/${repo}/actions/artifacts/N/zip`,
      expect.stringContaining("blob"),
    ]);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${githubToken}`,
      `Bearer ${githubToken}`,
      undefined,
    ]);
  });

  it("the newest counts, when attempts left several of one name", async () => {
    queue.upload("again", { profile: "nonsense", createdAt: new Date(Date.now() - 60_000) });
    queue.upload("again", { count: 2, createdAt: new Date(Date.now() - 1_000) });
    queue.upload("again", { profile: "nonsense", createdAt: new Date(Date.now() - 30_000), expired: true });
    expect((await queue.enqueueJob("again")).status).toBe(200);
  });

  it("of a repository whose name is written in another case is the same, as at GitHub", async () => {
    queue.upload("case");
    expect((await queue.enqueue({ unique_id: "case", qualified_repo: "Servo/SERVO", run_id: runId })).status).toBe(200);
  });

  it.each([
    ["is missing", "artifact_missing", null],
    ["has expired", "artifact_expired", { expired: true }],
    ["is older than ARTIFACT_MAX_AGE", "artifact_too_old", { createdAt: new Date(Date.now() - 305_000) }],
    ["names another job", "artifact_id_mismatch", { uniqueId: "other" }],
    ["names another repository", "artifact_repository_mismatch", { repo: "servo/other" }],
    ["names another run", "artifact_run_mismatch", { runId: "78" }],
    ["names a profile that cannot be one", "artifact_malformed", { profile: "li nux" }],
    ["asks for no runner", "artifact_malformed", { count: 0 }],
    ["asks for more than MAX_RUNNER_COUNT", "artifact_malformed", { count: 101 }],
    ["gives a key twice", "artifact_malformed", { extra: { "run_id ": "77" } }],
    [
      "has two files",
      "artifact_malformed",
      {
        zip: forgeZip([
          { name: "a", content: "x" },
          { name: "b", content: "y" },
        ]),
      },
    ],
    ["is no zip", "artifact_malformed", { zip: new TextEncoder().encode("hello") }],
    ["is said to be large", "artifact_too_large", { claimedSize: 100_000 }],
    ["is large, whatever is said", "artifact_too_large", { zip: new Uint8Array(100_000), claimedSize: 200 }],
  ] as const)("that %s is refused as %s", async (title, code, options) => {
    const uniqueId = title.replaceAll(/\W/g, "-");
    if (options !== null) queue.upload(uniqueId, options);
    const reply = await queue.enqueueJob(uniqueId);
    expect(reply).toMatchObject({ status: 403, code });
    expect(JSON.parse(reply.text)).toMatchObject({ title: expect.stringMatching(/\w+ \w+/) });
  });

  it("lets in nobody else, where it has a code_challenge", async () => {
    const code_verifier = "v".repeat(43);
    const code_challenge = createHash("sha256").update(code_verifier).digest("base64url");
    queue.upload("bound", { extra: { code_challenge } });
    const asked = { unique_id: "bound", qualified_repo: repo, run_id: runId };
    expect(await queue.enqueue(asked)).toMatchObject({ status: 403, code: "code_verifier_wrong" });
    expect(await queue.enqueue({ ...asked, code_verifier: "w".repeat(43) })).toMatchObject({
      code: "code_verifier_wrong",
    });
    expect(await queue.enqueue({ ...asked, code_verifier: "short" })).toMatchObject({ status: 400 });
    expect((await queue.enqueue({ ...asked, code_verifier })).status).toBe(200);
  });

  it("of a repository that is not allowed, or a run that GitHub does not show, is refused; the first without asking GitHub", async () => {
    const before = queue.github.requests.length;
    for (const qualified_repo of ["servo2/servo", "evil/servo", "serv/o"]) {
      expect(await queue.enqueue({ unique_id: "x", qualified_repo, run_id: runId })).toMatchObject({
        status: 403,
        code: "repository_not_allowed",
      });
    }
    expect(queue.github.requests).toHaveLength(before);
    const asked = { unique_id: "x", qualified_repo: repo, run_id: "404" };
    expect(await queue.enqueue(asked)).toMatchObject({ status: 403, code: "run_not_visible" });
  });

  it("proves one job, also where two runs or two repositories use its id within seconds", async () => {
    queue.upload("twin");
    queue.github.addRun(repo, "88");
    queue.github.addRun("servo/other", runId);
    expect((await queue.enqueueJob("twin")).status).toBe(200);
    const asked = { unique_id: "twin", qualified_repo: repo, run_id: runId };
    expect(await queue.enqueue({ ...asked, run_id: "88" })).toMatchObject({ status: 403, code: "artifact_missing" });
    expect(await queue.enqueue({ ...asked, qualified_repo: "servo/other" })).toMatchObject({
      code: "artifact_missing",
    });
  });

  it("gets the same ticket for the same request, however its repository is spelt", async () => {
    queue.upload("spelt");
    const spellings = ["SERVO/servo", "servo/servo", "Servo/Servo"];
    const replies = await Promise.all(
      spellings.map((qualified_repo) => queue.enqueue({ unique_id: "spelt", qualified_repo, run_id: runId })),
    );
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(replies[0]?.status).toBe(200);
  });

  it("is not refused for what a stranger asked before it was there", async () => {
    expect((await queue.enqueueJob("late", "203.0.113.1")).code).toBe("artifact_missing");
    queue.upload("late");
    expect((await queue.enqueueJob("late", "203.0.113.2")).status).toBe(200);
  });

  it("is not refused for what a stranger's look-up in flight does not find", async () => {
    queue.github.faults.slowMs = 150;
    const seen = queue.github.nextRequest(/name=servo-ci-runners_racing/);
    const stranger = queue.enqueueJob("racing", "203.0.113.1");
    await seen;
    const honest = queue.enqueueJob("racing", "203.0.113.2");
    expect((await stranger).code).toBe("artifact_missing");
    queue.upload("racing");
    queue.github.faults.slowMs = 0;
    expect((await honest).status).toBe(200);
  });

  it("that was refused is looked at again after some seconds", async () => {
    expect((await queue.enqueueJob("patient")).code).toBe("artifact_missing");
    queue.upload("patient");
    let reply = await queue.enqueueJob("patient");
    while (reply.code === "artifact_missing") reply = await queue.enqueueJob("patient");
    expect(reply.status).toBe(200);
  });

  it("is looked up once for 50 that ask at once, and a refusal is remembered for some seconds", async () => {
    queue.github.faults.slowMs = 200;
    const before = queue.github.requests.length;
    const replies = await Promise.all(Array.from({ length: 50 }, () => queue.enqueueJob("nobody")));
    queue.github.faults.slowMs = 0;
    expect(replies.map(({ code }) => code)).toEqual(Array(50).fill("artifact_missing"));
    await queue.enqueueJob("nobody");
    expect(queue.github.requests.length - before).toBe(1);
  });
});

it("where ALLOWED_REPOS is empty nobody gets in without a token, and GitHub is not asked", async () => {
  await using queue = await startTokenlessQueue({ ALLOWED_REPOS: "" });
  queue.upload("a");
  expect(await queue.enqueueJob("a")).toMatchObject({ status: 403, code: "tokenless_off" });
  expect(queue.github.requests).toEqual([]);
});

it("an old GitHub server that ignores the name is read page by page", async () => {
  await using queue = await startTokenlessQueue();
  queue.upload("old");
  for (let i = 0; i < 250; i++) queue.github.addArtifact({ repo, runId, name: `x${i}`, zip: new Uint8Array(1) });
  queue.github.faults.ignoresName = true;
  expect((await queue.enqueueJob("old")).status).toBe(200);
  // an exact name, never the beginning of one
  queue.upload("old-and-new");
  expect((await queue.enqueueJob("old-and")).code).toBe("artifact_missing");
});

it("200 bombs with forged sizes are refused, and the service's memory stays flat", async () => {
  // V8 cleans up when it has to: with much room garbage looks like growth, 38 to 60 MiB of it
  await using queue = await startTokenlessQueue({ NODE_OPTIONS: "--max-old-space-size=64" });
  const residentKib = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${queue.service.pid}/status`, "utf8"))?.[1]);
  const bomb = forgeZip([
    {
      name: "bomb",
      content: Buffer.alloc(50 * 1024 * 1024),
      claimedSize: { local: 300, descriptor: 300, central: 300 },
    },
  ]);
  expect(bomb.length).toBeLessThan(64 * 1024);
  const askTwenty = async (round: number) => {
    const ids = Array.from({ length: 20 }, (_, i) => `bomb-${round}-${i}`);
    for (const id of ids) queue.upload(id, { zip: bomb });
    const replies = await Promise.all(ids.map((id) => queue.enqueueJob(id, `203.0.113.${round}`)));
    for (const reply of replies) expect(reply).toMatchObject({ status: 403, code: "artifact_malformed" });
  };
  // the first ones bring the heap to the size it works with
  for (let round = 0; round < 10; round++) await askTwenty(round);
  const before = residentKib();
  for (let round = 10; round < 20; round++) await askTwenty(round);
  // one bomb alone unpacks to 50 MiB; 1 to 3 MiB were seen
  expect(residentKib() - before).toBeLessThan(25 * 1024);
});

it("whoever shows proofs that are not his is slowed down too", async () => {
  await using queue = await startTokenlessQueue();
  const statuses = new Set<number>();
  for (let i = 0; i < 120; i++) {
    queue.upload(`bound-${i}`, { extra: { code_challenge: "c".repeat(43) } });
    statuses.add((await queue.enqueueJob(`bound-${i}`, "203.0.113.9")).status);
  }
  expect([...statuses]).toEqual([403, 429]);
});

it("a proof that is shown again and again costs GitHub nothing", async () => {
  await using queue = await startTokenlessQueue();
  queue.upload("again");
  for (let i = 0; i < 20; i++) expect((await queue.enqueueJob("again", `203.0.113.${i}`)).status).toBe(200);
  expect(queue.github.requests.filter(({ path }) => path.includes("/artifacts?"))).toHaveLength(1);
});

it("a caller who only makes GitHub work is slowed down with 429, others are not, and his honest jobs cost him nothing", async () => {
  await using queue = await startTokenlessQueue();
  const stranger = "203.0.113.66";
  const spend = async (from: number, to: number) => {
    const ids = Array.from({ length: to - from }, (_, i) => `guess-${from + i}`);
    return await Promise.all(ids.map((id) => queue.enqueueJob(id, stranger)));
  };
  for (let i = 0; i < 100; i += 50) {
    for (const reply of await spend(i, i + 50)) expect(reply.code).toBe("artifact_missing");
  }
  const [slowed] = await spend(100, 101);
  expect([slowed?.status, slowed?.text, slowed?.headers.get("x-queue-reason")]).toEqual([429, "", "too_many_lookups"]);
  expect(Number(slowed?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await queue.enqueueJob("guess-200", "203.0.113.67")).code).toBe("artifact_missing");

  for (let i = 0; i < 120; i++) queue.upload(`honest-${i}`);
  for (let i = 0; i < 120; i += 40) {
    const ids = Array.from({ length: 40 }, (_, k) => `honest-${i + k}`);
    for (const reply of await Promise.all(ids.map((id) => queue.enqueueJob(id, "203.0.113.68"))))
      expect(reply.status).toBe(200);
  }
});
