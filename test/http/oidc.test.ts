// A workflow's OIDC token enqueues for its own repository and run, if the repository is one of
// ours; whatever else looks like one does not.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { SimulatedGithub } from "../../scripts/simulated-github/github.ts";
import { apiToken } from "../support/service.ts";
import { askProblem, repo, runId, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";

const aud = "https://queue.example";
const withOidc = (github: SimulatedGithub) => ({ OIDC_AUDIENCE: aud, OIDC_ISSUER: github.url });
let queue: TokenlessQueue;
beforeAll(async () => {
  queue = await startTokenlessQueue(withOidc);
});
afterAll(() => queue?.[Symbol.asyncDispose]());

async function enqueueWith(
  bearer: string,
  uniqueId: string,
  qualifiedRepo = repo,
  run = runId,
  service = queue.service,
) {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: qualifiedRepo, run_id: run });
  const headers = { authorization: `Bearer ${bearer}` };
  return await askProblem(`${service.url}/profile/linux/enqueue?${query}`, { method: "POST", headers });
}

const claims = { aud, repository: repo, run_id: runId };

it("GitHub's word for the very repository and run gets a ticket, whatever the case of the name", async () => {
  const token = await queue.github.issueIdToken(claims);
  expect((await enqueueWith(token, "good")).status).toBe(200);
  expect((await enqueueWith(token, "good")).status).toBe(200);
  expect((await enqueueWith(token, "good-2", "Servo/Servo")).status).toBe(200);
});

it("API tokens still enqueue, and wrong ones are still unknown", async () => {
  expect((await enqueueWith(apiToken, "api")).status).toBe(200);
  expect(await enqueueWith("wrong", "api-2")).toMatchObject({ status: 403, code: "bearer_unknown" });
});

const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
it.each([
  ["another audience", "oidc_audience_wrong", { aud: "https://other.example" }, {}],
  ["no audience", "oidc_audience_wrong", { aud: undefined }, {}],
  ["another issuer", "oidc_issuer_wrong", { iss: "https://evil.example" }, {}],
  ["a time that is over", "oidc_expired", { iat: anHourAgo, nbf: anHourAgo, exp: anHourAgo + 300 }, {}],
  ["no end", "oidc_invalid", { exp: undefined }, {}],
  ["a beginning in the future", "oidc_invalid", { nbf: Math.floor(Date.now() / 1000) + 600 }, {}],
  ["no repository", "oidc_invalid", { repository: undefined }, {}],
  ["a repository that is no text", "oidc_invalid", { repository: [repo] }, {}],
  ["another repository", "oidc_repository_mismatch", { repository: "servo/other" }, {}],
  ["another run", "oidc_run_mismatch", { run_id: "78" }, {}],
  ["a signature of another algorithm (RS512)", "oidc_invalid", {}, { alg: "RS512" }],
  ["no signature (alg none)", "oidc_invalid", {}, { alg: "none" }],
  ["the public key as a secret (HS256)", "oidc_invalid", {}, { alg: "HS256" }],
  ["a key that nobody published", "oidc_invalid", {}, { kid: "unknown" }],
] as const)("a token with %s is refused as %s", async (_, code, changed, header) => {
  const token = await queue.github.issueIdToken({ ...claims, ...changed }, header);
  expect(await enqueueWith(token, "refused")).toMatchObject({ status: 403, code });
});

it("a token that was tampered with is refused", async () => {
  const [header, payload, signature] = (await queue.github.issueIdToken(claims)).split(".") as [string, string, string];
  const other = Buffer.from(payload, "base64url").toString().replace(repo, "servo/other");
  const forged = `${header}.${Buffer.from(other).toString("base64url")}.${signature}`;
  expect(await enqueueWith(forged, "forged", "servo/other")).toMatchObject({ status: 403, code: "oidc_invalid" });
  expect(await enqueueWith(`${header}.${payload}.`, "forged")).toMatchObject({ status: 403, code: "oidc_invalid" });
  expect(await enqueueWith("a.b.c", "forged")).toMatchObject({ status: 403, code: "oidc_invalid" });
});

it("a repository that is not one of ours is refused, whatever GitHub says of it", async () => {
  const token = await queue.github.issueIdToken({ ...claims, repository: "evil/servo" });
  expect(await enqueueWith(token, "evil", "evil/servo")).toMatchObject({ status: 403, code: "repository_not_allowed" });
});

it("an OIDC token opens no other door: not an operator's, not a job's", async () => {
  const token = await queue.github.issueIdToken(claims);
  await enqueueWith(token, "doors");
  for (const [method, path] of [
    ["GET", "/jobs/doors"],
    ["DELETE", "/jobs/doors"],
    ["POST", "/take/doors"],
  ] as const) {
    const reply = await askProblem(queue.service.url + path, { method, headers: { authorization: `Bearer ${token}` } });
    expect(reply).toMatchObject({ status: 403, code: "ticket_wrong" });
  }
});

it("where OIDC_AUDIENCE is not set, GitHub's tokens are unknown bearers and nobody is asked for keys", async () => {
  await using off = await startTokenlessQueue();
  const token = await off.github.issueIdToken(claims);
  expect(await enqueueWith(token, "x", repo, runId, off.service)).toMatchObject({
    status: 403,
    code: "bearer_unknown",
  });
  expect(off.github.requests).toEqual([]);
});

it("an issuer that does not hand out its keys is trouble, not a refusal; when it does again, all is well", async () => {
  await using troubled = await startTokenlessQueue(withOidc);
  const token = await troubled.github.issueIdToken(claims);
  troubled.github.faults.jwksStatus = 500;
  const reply = await enqueueWith(token, "x", repo, runId, troubled.service);
  expect([reply.status, reply.text, reply.headers.get("x-queue-reason")]).toEqual([503, "", "github_unavailable"]);
  troubled.github.faults.jwksStatus = null;
  let again = await enqueueWith(token, "x", repo, runId, troubled.service);
  while (again.status === 503) again = await enqueueWith(token, "x", repo, runId, troubled.service);
  expect(again.status).toBe(200);
});

it("an issuer that is down is not asked for every bearer that comes", async () => {
  await using troubled = await startTokenlessQueue(withOidc);
  const token = await troubled.github.issueIdToken(claims);
  troubled.github.faults.jwksStatus = 500;
  for (let i = 0; i < 50; i++) await enqueueWith(token, `x-${i}`, repo, runId, troubled.service);
  expect(troubled.github.requests.filter(({ path }) => path.includes("jwks")).length).toBeLessThan(5);
});

it("strangers with unknown keys cannot make us ask for keys again and again", async () => {
  const asked = () => queue.github.requests.filter(({ path }) => path.includes("jwks")).length;
  const before = asked();
  for (let i = 0; i < 20; i++) {
    await enqueueWith(await queue.github.issueIdToken(claims, { kid: `unknown-${i}` }), "refused");
  }
  expect(asked() - before).toBeLessThanOrEqual(1);
});

it("while the issuer cannot be reached, tokens of a known key go on, whatever strangers with unknown keys do", async () => {
  await using troubled = await startTokenlessQueue(withOidc);
  const good = await troubled.github.issueIdToken(claims);
  expect((await enqueueWith(good, "before", repo, runId, troubled.service)).status).toBe(200);
  troubled.github.faults.jwksStatus = 500;
  for (let i = 0; i < 10; i++) {
    const stranger = await troubled.github.issueIdToken(claims, { kid: `unknown-${i}` });
    await enqueueWith(stranger, "refused", repo, runId, troubled.service);
    expect((await enqueueWith(good, `after-${i}`, repo, runId, troubled.service)).status).toBe(200);
  }
});

it("a refused token leaves a line with its code, which names the other issuer's tokens", async () => {
  const token = await queue.github.issueIdToken({ ...claims, iss: "https://ghes.example/_services/token" });
  expect(await enqueueWith(token, "elsewhere")).toMatchObject({ status: 403, code: "oidc_issuer_wrong" });
  const line = await queue.service.onLog((one) => one.msg === "proof_refused" && one.uniqueId === "elsewhere");
  expect(line).toMatchObject({ code: "oidc_issuer_wrong", qualifiedRepo: repo, runId });
});
