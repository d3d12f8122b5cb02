// What the other tests rely on when they use the simulated GitHub: that it answers as GitHub does,
// objects to what GitHub would object to, and fails as told.
import { once } from "node:events";
import { request as rawRequest } from "node:http";
import { createRemoteJWKSet, decodeProtectedHeader, exportSPKI, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { type Entry, fromBufferPromise } from "yauzl";
import type { GithubFaults, GithubOptions, SimulatedGithub } from "../scripts/simulated-github/github.ts";
import { startSimulatedGithub } from "../scripts/simulated-github/github.ts";
import { compareWithPublished } from "../scripts/simulated-github/published-answers.ts";
import { githubToken, proofText, startGithub } from "./support/github.ts";
import { type ForgedEntry, type ForgeOptions, forgeZip, writeEndRecord } from "./support/zip-forge.ts";

const repo = "Octo-Org/servo";
const runId = "77";
const runPath = `/repos/${repo}/actions/runs/${runId}`;
const artifactsPath = `${runPath}/artifacts`;
const proof = proofText({ uniqueId: "job-1", repo, runId, profile: "linux", extra: { note: "x" } });
const zip = forgeZip([{ name: "proof.txt", content: proof }]);

const goodHeaders = {
  accept: "application/vnd.github+json",
  "x-github-api-version": "2022-11-28",
  "user-agent": "tests",
};

interface Asking {
  readonly method?: string;
  readonly bearer?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** What tests look at. That whole bodies have the published shape is compared elsewhere. */
interface AnsweredBody {
  readonly id: number;
  readonly token: string;
  readonly message: string;
  readonly total_count: number;
  readonly artifacts: readonly { readonly id: number; readonly name: string }[];
  readonly jobs: readonly Record<string, unknown>[];
  readonly account: { readonly login: string };
  readonly app_id: number;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnsweredBody;
}

function send(github: SimulatedGithub, path: string, asking: Asking = {}): Promise<Response> {
  const { method = "GET", bearer, headers = {}, signal = null } = asking;
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const all = { ...goodHeaders, ...authorization, ...headers };
  return fetch(github.url + path, { method, headers: all, redirect: "manual", signal });
}

/** Every answer that passes through here is compared with the description that GitHub publishes. */
async function ask(github: SimulatedGithub, path: string, asking: Asking = {}): Promise<Answered> {
  const response = await send(github, path, asking);
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text);
  expect(compareWithPublished(asking.method ?? "GET", path, response.status, body)).toEqual([]);
  return { status: response.status, headers: response.headers, body };
}

const appKeys = await generateKeyPair("RS256", { extractable: true });
const strangersKeys = await generateKeyPair("RS256");
const app = { id: "4711", publicKeyPem: await exportSPKI(appKeys.publicKey), installedAt: ["octo-org"] };

/** Good unless told otherwise. */
function appJwt({ iss = app.id, iatIn = -60, expIn = 540, key = appKeys.privateKey } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const jwt = new SignJWT().setProtectedHeader({ alg: "RS256" }).setIssuer(iss);
  return jwt
    .setIssuedAt(now + iatIn)
    .setExpirationTime(now + expIn)
    .sign(key);
}

async function githubWithApp(options: GithubOptions = {}): Promise<SimulatedGithub> {
  const github = await startGithub({ app, ...options });
  github.addRun(repo, runId);
  return github;
}

async function installationToken(github: SimulatedGithub): Promise<string> {
  const bearer = await appJwt();
  const installation = await ask(github, `/repos/${repo}/installation`, { bearer });
  const path = `/app/installations/${installation.body.id}/access_tokens`;
  const given = await ask(github, path, { method: "POST", bearer });
  expect([installation.status, given.status]).toEqual([200, 201]);
  return given.body.token;
}

async function githubWithArtifact(options: GithubOptions = {}): Promise<{ github: SimulatedGithub; zipPath: string }> {
  const github = await startGithub(options);
  const id = github.addArtifact({ repo, runId, name: "proof", zip });
  return { github, zipPath: `/repos/${repo}/actions/artifacts/${id}/zip` };
}

async function blobUrl(github: SimulatedGithub, zipPath: string): Promise<string> {
  const redirect = await ask(github, zipPath, { bearer: githubToken });
  expect(redirect.status).toBe(302);
  return redirect.headers.get("location") ?? "";
}

describe("answers", () => {
  test("artifacts are found by their exact name only, newest first, whatever the case of the repository", async () => {
    const github = await startGithub();
    const [now, before] = [new Date(), new Date(Date.now() - 5000)];
    const older = github.addArtifact({ repo, runId, name: "proof", zip, createdAt: before, expired: true });
    const newer = github.addArtifact({ repo, runId, name: "proof", zip, createdAt: now, claimedSize: 5 });
    const oldest = github.addArtifact({ repo, runId, name: "proof", zip, createdAt: new Date(0) });
    github.addArtifact({ repo, runId, name: "proof2", zip });
    github.addArtifact({ repo, runId: "78", name: "proof", zip });
    const { body } = await ask(github, `${artifactsPath.toLowerCase()}?name=proof&per_page=100`);
    expect(body.total_count).toBe(3);
    expect(body.artifacts).toMatchObject([
      { id: newer, expired: false, size_in_bytes: 5 },
      { id: older, expired: true, size_in_bytes: zip.length },
      { id: oldest },
    ]);
    const reversed = await ask(github, `${artifactsPath}?name=proof&direction=asc`);
    expect(reversed.body.artifacts[0]?.id).toBe(oldest);
    expect(github.violations).toEqual([]);
  });

  test("pages are 30 long unless told, lead to each other by Link, and are empty behind the last", async () => {
    const github = await startGithub();
    for (let index = 0; index < 7; index += 1) github.addArtifact({ repo, runId, name: `proof-${index}`, zip });
    for (let index = 0; index < 31; index += 1) github.addJob(repo, runId, { name: `job ${index}`, status: "queued" });
    const second = await ask(github, `${artifactsPath}?per_page=3&page=2`);
    expect([second.body.total_count, second.body.artifacts.length]).toEqual([7, 3]);
    const link = (page: number, rel: string) => `<${github.url}${artifactsPath}?per_page=3&page=${page}>; rel="${rel}"`;
    const links = [link(1, "prev"), link(3, "next"), link(3, "last"), link(1, "first")];
    expect(second.headers.get("link")).toBe(links.join(", "));
    expect((await ask(github, `${artifactsPath}?per_page=3&page=3`)).body.artifacts).toHaveLength(1);
    expect((await ask(github, `${artifactsPath}?per_page=3&page=4`)).body.artifacts).toEqual([]);
    expect((await ask(github, artifactsPath)).headers.get("link")).toBeNull();
    const jobs = await ask(github, `${runPath}/jobs?filter=latest`);
    expect([jobs.body.total_count, jobs.body.jobs.length]).toEqual([31, 30]);
    expect(github.violations).toEqual([]);
  });

  test("what does not exist is 404: a repository, a run, an artifact of another repository", async () => {
    const { github, zipPath } = await githubWithArtifact();
    github.addRun("other/repo", "1");
    expect((await ask(github, artifactsPath)).status).toBe(200);
    for (const path of [
      "/repos/octo-org/nothing/actions/runs/77/artifacts",
      `/repos/${repo}/actions/runs/78/artifacts`,
      `/repos/${repo}/actions/runs/78/jobs`,
      zipPath.replace(repo, "other/repo"),
      `/repos/${repo}/actions/artifacts/1/zip`,
    ]) {
      const { status, body } = await ask(github, path, { bearer: githubToken });
      expect([path, status, body.message]).toEqual([path, 404, "Not Found"]);
    }
  });

  test("a zip is had by its redirect, without credentials at the blob, and an expired one is gone", async () => {
    const { github, zipPath } = await githubWithArtifact();
    expect((await ask(github, zipPath)).body.message).toBe("Requires authentication");
    const blob = await fetch(await blobUrl(github, zipPath));
    expect([blob.status, blob.headers.get("content-type")]).toEqual([200, "application/zip"]);
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(zip);
    const expired = github.addArtifact({ repo, runId, name: "old", zip, expired: true });
    const gone = await ask(github, `/repos/${repo}/actions/artifacts/${expired}/zip`, { bearer: githubToken });
    expect(gone.status).toBe(410);
    expect(github.violations).toEqual([]);
  });

  test("a blob is refused when its signature is wrong, another's, or over", async () => {
    const { github, zipPath } = await githubWithArtifact();
    const url = await blobUrl(github, zipPath);
    const other = github.addArtifact({ repo, runId, name: "other", zip });
    expect((await fetch(`${url}x`)).status).toBe(403);
    expect((await fetch(url.replace(/blob\/\d+/, `blob/${other}`))).status).toBe(403);
    expect((await fetch(url.replace("se=", "se=9"))).status).toBe(403);
    const late = await githubWithArtifact({ blobTtlMs: 0 });
    expect((await fetch(await blobUrl(late.github, late.zipPath))).status).toBe(403);
  });

  test("a deleted artifact is gone", async () => {
    const github = await startGithub();
    const id = github.addArtifact({ repo, runId, name: "proof", zip });
    const path = `/repos/${repo}/actions/artifacts/${id}`;
    expect((await ask(github, path, { method: "DELETE" })).status).toBe(401);
    expect(github.hasArtifact(id)).toBe(true);
    expect((await ask(github, path, { method: "DELETE", bearer: githubToken })).status).toBe(204);
    expect(github.hasArtifact(id)).toBe(false);
    expect((await ask(github, artifactsPath)).body.artifacts).toEqual([]);
  });

  test("jobs are listed as they stand, and a cancelled run has completed them", async () => {
    const github = await startGithub();
    github.addJob(repo, runId, { name: "build", status: "queued" });
    github.addJob(repo, runId, { name: "lint", status: "completed" });
    github.addJob(repo, runId, { name: "build", status: "in_progress" });
    const statuses = async () => {
      const { body } = await ask(github, `${runPath}/jobs?filter=all&per_page=100`);
      return body.jobs.map((job: Record<string, unknown>) => [job.name, job.status, job.conclusion]);
    };
    expect(await statuses()).toEqual([
      ["build", "in_progress", null],
      ["lint", "completed", "success"],
    ]);
    expect(github.isCancelled(repo, runId)).toBe(false);
    const cancelled = await ask(github, `${runPath}/cancel`, { method: "POST", bearer: githubToken });
    expect([cancelled.status, cancelled.body]).toEqual([202, {}]);
    expect(github.isCancelled(repo.toLowerCase(), runId)).toBe(true);
    expect((await statuses())[0]).toEqual(["build", "completed", "cancelled"]);
    expect(github.violations).toEqual([]);
  });

  test("a token is taken as Bearer or token, and a wrong one is bad credentials even for what is public", async () => {
    const { github, zipPath } = await githubWithArtifact();
    for (const authorization of [`Bearer ${githubToken}`, `token ${githubToken}`]) {
      expect((await ask(github, zipPath, { headers: { authorization } })).status).toBe(302);
    }
    for (const authorization of ["Bearer wrong", "token", `Basic ${githubToken}`, `Bearer ${githubToken}x`]) {
      const { status, body } = await ask(github, artifactsPath, { headers: { authorization } });
      expect([status, body.message]).toEqual([401, "Bad credentials"]);
    }
    const withoutToken = await startSimulatedGithub();
    withoutToken.addRun(repo, runId);
    expect((await ask(withoutToken, artifactsPath, { bearer: "null" })).status).toBe(401);
    await withoutToken.close();
  });

  test("the comparison with what GitHub publishes notices what is missing, misspelled or of the wrong type", async () => {
    const { github } = await githubWithArtifact();
    const { body } = await ask(github, artifactsPath);
    const [artifact] = body.artifacts;
    const compare = (changed: object) =>
      compareWithPublished("GET", artifactsPath, 200, { total_count: 1, artifacts: [{ ...artifact, ...changed }] });
    expect(compare({})).toEqual([]);
    expect(compare({ created_at: null })).toEqual([]);
    expect(compare({ expired: undefined })[0]).toContain("must have required property 'expired'");
    expect(compare({ sizeInBytes: 5 })[0]).toContain("must NOT have additional properties");
    expect(compare({ id: "5" })[0]).toContain("must be integer");
    expect(compareWithPublished("GET", artifactsPath, 404, { message: 5 })[0]).toContain("must be string");
    expect(compareWithPublished("GET", "/repos/a", 200, {})[0]).toContain("no route");
    expect(compareWithPublished("DELETE", `/repos/${repo}/actions/artifacts/1`, 204, {})[0]).toContain("no body");
  });
});

describe("the GitHub App", () => {
  test("is found by repository, organization and user where it is installed, and nowhere else", async () => {
    const github = await githubWithApp();
    github.addRun("other/repo", "1");
    const bearer = await appJwt();
    for (const path of [`/repos/${repo}/installation`, "/orgs/OCTO-ORG/installation", "/users/octo-org/installation"]) {
      const { status, body } = await ask(github, path, { bearer });
      expect([status, body.account.login, body.app_id]).toEqual([200, "octo-org", 4711]);
    }
    for (const path of [
      "/repos/other/repo/installation",
      "/repos/octo-org/unknown/installation",
      "/orgs/other/installation",
    ]) {
      expect((await ask(github, path, { bearer })).status).toBe(404);
    }
    const unknown = await ask(github, "/app/installations/1/access_tokens", { method: "POST", bearer });
    expect(unknown.status).toBe(404);
    expect(github.violations).toEqual([]);
  });

  test("its token reads its owner's runs until it expires, and neither writes nor reads another's", async () => {
    const github = await githubWithApp();
    github.addRun("other/repo", "1");
    const bearer = await installationToken(github);
    expect((await ask(github, artifactsPath, { bearer })).status).toBe(200);
    expect((await ask(github, "/repos/other/repo/actions/runs/1/artifacts", { bearer })).status).toBe(403);
    const cancelled = await ask(github, `${runPath}/cancel`, { method: "POST", bearer });
    expect([cancelled.status, cancelled.body.message]).toEqual([403, "Resource not accessible by integration"]);
    expect(github.violations).toEqual([]);
  });

  test("its token is bad credentials once it is expired or revoked", async () => {
    const expired = await githubWithApp({ installationTokenTtlMs: 0 });
    const tooLate = await ask(expired, artifactsPath, { bearer: await installationToken(expired) });
    expect([tooLate.status, tooLate.body.message]).toEqual([401, "Bad credentials"]);
    const revoking = await githubWithApp();
    const bearer = await installationToken(revoking);
    revoking.revokeInstallationTokens();
    expect((await ask(revoking, artifactsPath, { bearer })).status).toBe(401);
    expect((await ask(revoking, artifactsPath, { bearer: await installationToken(revoking) })).status).toBe(200);
  });

  test.each([
    ["lives for more than ten minutes", () => appJwt({ expIn: 660 }), "too far in the future"],
    ["is over", () => appJwt({ expIn: -1 }), "future time at which the assertion expires"],
    ["was issued in the future", () => appJwt({ iatIn: 60 }), "time that the assertion was issued"],
    ["is another App's", () => appJwt({ iss: "1" }), "'iss'"],
    ["is signed by another", () => appJwt({ key: strangersKeys.privateKey }), "could not be decoded"],
    ["is a token of another kind", async () => githubToken, "could not be decoded"],
  ])("its JWT is refused, and that is a violation, when it %s", async (_, makeJwt, why) => {
    const github = await githubWithApp();
    const { status, body } = await ask(github, `/repos/${repo}/installation`, { bearer: await makeJwt() });
    expect(status).toBe(401);
    expect(body.message).toContain(why);
    expect(github.violations).toEqual([`GET /repos/${repo}/installation: ${body.message}`]);
  });

  test("its JWT is good for its own routes only, and they are closed without one", async () => {
    const github = await githubWithApp();
    expect((await ask(github, artifactsPath, { bearer: await appJwt() })).status).toBe(401);
    expect(github.violations).toEqual([]);
    expect((await ask(github, `/repos/${repo}/installation`)).status).toBe(401);
    expect(github.violations).toHaveLength(1);
  });
});

describe("the hourly budget", () => {
  test("is told with every answer of the API and spent by it, and by nothing else", async () => {
    const { github, zipPath } = await githubWithArtifact();
    github.budget.limit = 60;
    github.budget.remaining = 10;
    const { headers } = await ask(github, zipPath, { bearer: githubToken });
    const told = (name: string) => headers.get(`x-ratelimit-${name}`);
    expect(["limit", "remaining", "used", "resource"].map(told)).toEqual(["60", "9", "51", "core"]);
    expect(told("reset")).toBe(String(github.budget.resetAt));
    await (await fetch(headers.get("location") ?? "")).arrayBuffer();
    await (await fetch(`${github.url}/.well-known/jwks`)).text();
    expect(github.budget.remaining).toBe(9);
    expect((await ask(github, "/repos/nobody/nothing/actions/runs/1/jobs")).headers.get("x-ratelimit-remaining")).toBe(
      "8",
    );
  });

  test("refuses everything once it is spent, until it is new", async () => {
    const { github } = await githubWithArtifact();
    github.budget.remaining = 1;
    expect((await ask(github, artifactsPath)).status).toBe(200);
    const refused = await ask(github, artifactsPath, { bearer: githubToken });
    expect([refused.status, refused.headers.get("x-ratelimit-remaining")]).toEqual([403, "0"]);
    expect(refused.body.message).toContain("API rate limit exceeded");
    expect(refused.headers.get("retry-after")).toBeNull();
    github.budget.resetAt = Math.floor(Date.now() / 1000) - 1;
    const again = await ask(github, artifactsPath);
    expect([again.status, again.headers.get("x-ratelimit-remaining")]).toEqual([200, "4999"]);
    expect(github.budget.resetAt).toBeGreaterThan(Date.now() / 1000);
  });
});

describe("violations", () => {
  test.each([
    ["Accept is not application/vnd.github+json", artifactsPath, { ...goodHeaders, accept: "application/json" }, 200],
    ["no X-GitHub-Api-Version", artifactsPath, { ...goodHeaders, "x-github-api-version": undefined }, 200],
    [
      "X-GitHub-Api-Version is not 2022-11-28",
      artifactsPath,
      { ...goodHeaders, "x-github-api-version": "2021-01-01" },
      400,
    ],
    ["no User-Agent", artifactsPath, { ...goodHeaders, "user-agent": undefined }, 403],
    ["per_page > 100", `${artifactsPath}?per_page=101`, goodHeaders, 200],
    ["per_page is no positive number", `${runPath}/jobs?per_page=0`, goodHeaders, 200],
    ["page is no positive number", `${artifactsPath}?page=one`, goodHeaders, 200],
    ["filter is neither latest nor all", `${runPath}/jobs?filter=newest`, goodHeaders, 200],
    ["unknown query parameter name", `${runPath}/jobs?name=build`, goodHeaders, 200],
    ["query parameter name twice", `${artifactsPath}?name=a&name=b`, goodHeaders, 200],
    ["unknown route", "/repos/a/b/actions", goodHeaders, 404],
  ])("%s", async (what, path, headers, status) => {
    const github = await startGithub();
    github.addRun(repo, runId);
    // Not fetch, which adds headers of its own.
    const request = rawRequest(github.url + path, { headers: withoutAbsent(headers) }).end();
    const [response] = await once(request, "response");
    response.resume();
    await once(response, "end");
    expect(response.statusCode).toBe(status);
    expect(github.violations).toEqual([`GET ${path}: ${what}`]);
  });

  test("Authorization at a blob's URL is refused, also where a caller was redirected there", async () => {
    const { github, zipPath } = await githubWithArtifact();
    const headers = { authorization: `Bearer ${githubToken}` };
    const blob = await fetch(await blobUrl(github, zipPath), { headers });
    expect(blob.status).toBe(400);
    expect(github.violations).toHaveLength(1);
    // The blob is on the same origin here, so that fetch, which follows by itself, takes the header
    // along.
    const followed = await fetch(github.url + zipPath, { headers: { ...goodHeaders, ...headers } });
    expect(followed.status).toBe(400);
    expect(github.violations).toHaveLength(2);
    expect(github.violations[0]).toContain("Authorization sent to a blob URL");
  });

  test("a good request is none, and is written down with its headers and its end", async () => {
    const github = await startGithub();
    github.addRun(repo, runId);
    const next = github.nextRequest(/artifacts\?name=proof/g);
    await ask(github, `${runPath}/jobs`);
    await ask(github, `${artifactsPath}?name=proof&per_page=100`, { bearer: githubToken });
    expect(github.violations).toEqual([]);
    expect(github.requests).toMatchObject([
      { method: "GET", path: `${runPath}/jobs`, answered: true, status: 200 },
      { headers: { ...goodHeaders, authorization: `Bearer ${githubToken}` }, answered: true },
    ]);
    expect(await next).toBe(github.requests[1]);
  });
});

function withoutAbsent(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

describe("OIDC", () => {
  const audience = "runner-queue";

  function verify(github: SimulatedGithub, token: string) {
    const keys = createRemoteJWKSet(new URL(`${github.url}/.well-known/jwks`));
    return jwtVerify(token, keys, { issuer: github.url, audience, algorithms: ["RS256"] });
  }

  test("a workflow's token verifies by the published keys, says who it is for, and lives five minutes", async () => {
    const github = await startGithub();
    const token = await github.issueIdToken({ repository: "servo/servo", run_id: "77", aud: audience });
    const { payload } = await verify(github, token);
    expect(payload).toMatchObject({
      repository: "servo/servo",
      repository_owner: "servo",
      run_id: "77",
      sub: "repo:servo/servo:ref:refs/heads/main",
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
    const found = await fetch(`${github.url}/.well-known/openid-configuration`);
    expect(await found.json()).toMatchObject({ issuer: github.url, jwks_uri: `${github.url}/.well-known/jwks` });
    expect(github.violations).toEqual([]);
  });

  test("claims and headers may be wrong or missing, and signatures forged", async () => {
    const github = await startGithub();
    await verify(github, await github.issueIdToken({ aud: audience }));
    const over = Math.floor(Date.now() / 1000) - 1;
    await expect(verify(github, await github.issueIdToken({ aud: audience, exp: over }))).rejects.toThrow("exp");
    await expect(verify(github, await github.issueIdToken({ aud: audience, iss: undefined }))).rejects.toThrow("iss");
    for (const alg of ["none", "HS256", "RS512"]) {
      await expect(verify(github, await github.issueIdToken({ aud: audience }, { alg }))).rejects.toThrow("alg");
    }
    const withoutKid = await github.issueIdToken({ aud: audience }, { kid: undefined });
    expect(decodeProtectedHeader(withoutKid)).toEqual({ alg: "RS256", typ: "JWT" });
  });

  test("a rotated key is published in place of the old one, whose tokens no longer verify", async () => {
    const github = await startGithub();
    const old = await github.issueIdToken({ aud: audience });
    await github.rotateOidcKey();
    await expect(verify(github, old)).rejects.toThrow("no applicable key");
    await verify(github, await github.issueIdToken({ aud: audience }));
  });

  test("a job gets a token for its own run and the audience it asks for, by the bearer of its environment only", async () => {
    const github = await startGithub();
    github.issueIdTokensFor("servo/servo", "99");
    const { url, token } = github.idTokenRequest;
    const asked = await fetch(`${url}&audience=${audience}`, { headers: { authorization: `Bearer ${token}` } });
    const { value } = (await asked.json()) as { value: string };
    expect((await verify(github, value)).payload).toMatchObject({ repository: "servo/servo", run_id: "99" });
    expect(github.violations).toEqual([]);
    expect((await fetch(`${url}&audience=${audience}`, { headers: { authorization: "Bearer x" } })).status).toBe(401);
    expect(github.violations).toHaveLength(1);
  });

  test("the issuer fails and hangs as told, and wants no credentials", async () => {
    const github = await startGithub();
    const jwks = `${github.url}/.well-known/jwks`;
    github.faults.jwksStatus = 503;
    expect((await fetch(jwks)).status).toBe(503);
    github.faults.jwksStatus = null;
    github.faults.jwksHang = true;
    await expectHanging(github, /jwks/, (signal) => fetch(jwks, { signal }));
    github.faults.jwksHang = false;
    await fetch(jwks, { headers: { authorization: `Bearer ${githubToken}` } });
    expect(github.violations).toEqual(["GET /.well-known/jwks: Authorization sent to the OIDC issuer"]);
  });
});

/** That a later request is answered and this one is still not. */
async function expectHanging(
  github: SimulatedGithub,
  path: RegExp,
  start: (signal: AbortSignal) => Promise<Response>,
): Promise<void> {
  const hangUp = new AbortController();
  const received = github.nextRequest(path);
  const outcome = start(hangUp.signal).then(
    () => "answered",
    () => "cut",
  );
  const seen = await received;
  const { url, token } = github.idTokenRequest;
  await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
  expect(seen).toMatchObject({ answered: false, status: null });
  hangUp.abort();
  expect(await outcome).toBe("cut");
}

/** Reads until the answer is longer than `bytes`, and hangs up. */
async function readAtLeast(response: Response, bytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let length = 0;
  let start = "";
  for await (const chunk of response.body ?? []) {
    if (start.length < 100) start += decoder.decode(chunk);
    length += chunk.length;
    if (length > bytes) return start;
  }
  throw new Error(`ended after ${length} bytes`);
}

describe("faults", () => {
  async function githubFailing(faults: Partial<GithubFaults>): Promise<SimulatedGithub> {
    const { github } = await githubWithArtifact();
    Object.assign(github.faults, faults);
    return github;
  }

  test.each([500, 502, 503, 404, 401, 429])("status %i is answered by every route of the API", async (status) => {
    const github = await githubFailing({ status });
    const answered = await ask(github, artifactsPath);
    expect([answered.status, answered.headers.get("x-ratelimit-limit")]).toEqual([status, "5000"]);
    expect((await ask(github, `${runPath}/jobs`)).status).toBe(status);
    github.faults.status = null;
    expect((await ask(github, artifactsPath)).status).toBe(200);
  });

  test("only: what does not match is spared", async () => {
    const github = await githubFailing({ status: 500, only: /\/jobs/ });
    expect((await ask(github, artifactsPath)).status).toBe(200);
    expect((await ask(github, `${runPath}/jobs`)).status).toBe(500);
  });

  test("hang: a request is never answered", async () => {
    const github = await githubFailing({ hang: true });
    await expectHanging(github, /artifacts/, (signal) => send(github, artifactsPath, { signal }));
  });

  test("reset: the connection dies without an answer", async () => {
    const github = await githubFailing({ reset: true });
    const error = await send(github, artifactsPath).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(github.requests[0]).toMatchObject({ answered: false });
  });

  test("garbage: 200 with a page of HTML", async () => {
    const response = await send(await githubFailing({ garbage: true }), artifactsPath);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await response.text()).toContain("<html>");
  });

  test("hugeJson: JSON that does not end", async () => {
    const response = await send(await githubFailing({ hugeJson: true }), artifactsPath);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await readAtLeast(response, 5_000_000)).toMatch(/^\{"total_count":1,/);
  });

  test("secondaryLimit: 403 or 429, with the time to wait and budget left", async () => {
    const github = await githubFailing({ secondaryLimit: { retryAfterSeconds: 17 } });
    const limited = await ask(github, artifactsPath);
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([403, "17"]);
    expect(limited.body.message).toContain("secondary rate limit");
    expect(limited.headers.get("x-ratelimit-remaining")).toBe("4999");
    github.faults.secondaryLimit = { retryAfterSeconds: 1, status: 429 };
    expect((await ask(github, artifactsPath)).status).toBe(429);
  });

  test("slowMs: the answer comes later, and what it says stays the same", async () => {
    const github = await githubFailing({ slowMs: 60 });
    const start = performance.now();
    expect((await ask(github, artifactsPath)).body.total_count).toBe(1);
    expect(performance.now() - start).toBeGreaterThan(50);
  });

  test("deny: good credentials are not enough", async () => {
    const refused = await ask(await githubFailing({ deny: "permissions" }), artifactsPath, { bearer: githubToken });
    expect([refused.status, refused.body.message]).toEqual([403, "Resource not accessible by integration"]);
  });

  test("ignoresName: every artifact of the run is listed, whatever was asked for", async () => {
    const github = await githubFailing({ ignoresName: true });
    expect((await ask(github, `${artifactsPath}?name=nothing`)).body.artifacts).toMatchObject([{ name: "proof" }]);
  });

  test("redirectTo: the zip is said to be elsewhere", async () => {
    const { github, zipPath } = await githubWithArtifact();
    github.faults.redirectTo = "http://169.254.169.254/latest";
    expect(await blobUrl(github, zipPath)).toBe("http://169.254.169.254/latest");
  });

  test("redirectLoop: the blob leads to itself", async () => {
    const { github, zipPath } = await githubWithArtifact();
    github.faults.redirectLoop = true;
    const url = await blobUrl(github, zipPath);
    const blob = await fetch(url, { redirect: "manual" });
    expect([blob.status, blob.headers.get("location")]).toEqual([302, url]);
  });

  test("blobStatus, blobHang, endlessBlob: the blob fails, hangs, never ends", async () => {
    const { github, zipPath } = await githubWithArtifact();
    const url = await blobUrl(github, zipPath);
    github.faults.blobStatus = 500;
    expect((await fetch(url)).status).toBe(500);
    github.faults.blobStatus = null;
    github.faults.blobHang = true;
    await expectHanging(github, /blob/, (signal) => fetch(url, { signal }));
    github.faults.blobHang = false;
    github.faults.endlessBlob = true;
    expect(await readAtLeast(await fetch(url), 5_000_000)).toMatch(/^PK/);
  });
});

test("closing cuts what hangs, waits or never ends, and leaves no timer or socket", async () => {
  const leftovers = () =>
    process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind.startsWith("TCPServer")).length;
  const before = leftovers();
  const github = await startSimulatedGithub({ token: githubToken });
  github.addRun(repo, runId);
  const start = async (faults: Partial<GithubFaults>): Promise<Promise<string>[]> => {
    Object.assign(github.faults, { hang: false, slowMs: 0, hugeJson: false }, faults);
    const received = github.nextRequest(/artifacts/);
    const ended = send(github, artifactsPath)
      .then((response) => response.text())
      .catch(() => "cut");
    await received;
    return [ended];
  };
  const ends = [...(await start({ hang: true })), ...(await start({ hugeJson: true }))];
  // Many, so that their timers, if they stayed, outnumbered those of earlier tests' connections
  // that end meanwhile.
  for (let count = 0; count < 10; count += 1) ends.push(...(await start({ slowMs: 60_000 })));
  await github.close();
  expect(await Promise.all(ends)).toEqual(ends.map(() => "cut"));
  expect(leftovers()).toBeLessThanOrEqual(before);
});

describe("forged zips", () => {
  const entries: ForgedEntry[] = [
    { name: "folder/" },
    { name: "folder/proof.txt", content: proof },
    { name: "zürich.txt", content: "stored", method: "stored" },
  ];

  /** As a reader of other people's making sees it, which objects to names and sizes that lie. */
  async function unpack(bytes: Uint8Array): Promise<{ entry: Entry; text: string }[]> {
    const file = await fromBufferPromise(Buffer.from(bytes), { strictFileNames: true });
    const unpacked: { entry: Entry; text: string }[] = [];
    for await (const entry of file.eachEntry()) {
      const chunks: Buffer[] = [];
      for await (const chunk of await file.openReadStreamPromise(entry)) chunks.push(chunk);
      unpacked.push({ entry, text: Buffer.concat(chunks).toString() });
    }
    return unpacked;
  }

  test.each<[string, ForgeOptions]>([
    ["as upload-artifact writes them", {}],
    ["with their sizes first", { sizesFirst: true }],
    ["as zip64", { zip64: true }],
    ["as zip64 with their sizes first", { zip64: true, sizesFirst: true }],
    ["with a comment", { comment: "of no interest" }],
  ])("honest ones, %s, hold what was put into them", async (_, options) => {
    const unpacked = await unpack(forgeZip(entries, options));
    expect(unpacked.map(({ entry, text }) => [entry.fileName, text])).toEqual([
      ["folder/", ""],
      ["folder/proof.txt", proof],
      ["zürich.txt", "stored"],
    ]);
    // Bit 3: the sizes follow the data.
    expect(unpacked.every(({ entry }) => (entry.generalPurposeBitFlag & 8) === (options.sizesFirst ? 0 : 8))).toBe(
      true,
    );
    expect(unpacked.map(({ entry }) => entry.compressionMethod)).toEqual([0, 8, 0]);
  });

  test("a proof says who enqueues in lines of key=value", () => {
    expect(proof.split("\n")).toEqual([
      "unique_id=job-1",
      "self_hosted_image_name=linux",
      "self_hosted_runner_count=1",
      `qualified_repo=${repo}`,
      `run_id=${runId}`,
      "note=x",
      "",
    ]);
  });

  test.each<[string, Uint8Array, string]>([
    ["claims to be smaller", forgeZip([{ name: "a", content: proof, claimedSize: { central: 3 } }]), "too many bytes"],
    [
      "claims to be larger",
      forgeZip([{ name: "a", content: proof, claimedSize: { central: 9999 } }]),
      "not enough bytes",
    ],
    ["points outside", forgeZip([{ name: "../a" }]), "invalid relative path"],
    ["is absolute", forgeZip([{ name: "/etc/passwd" }]), "absolute path"],
    ["has a backslash", forgeZip([{ name: "a\\b" }]), "invalid characters"],
    ["is encrypted", forgeZip([{ name: "a", content: proof, encrypted: true }]), "encrypted"],
    ["has an unknown method", forgeZip([{ name: "a", content: proof, method: 99 }]), "unsupported compression method"],
    ["is cut off", forgeZip(entries, { cutOff: 5 }), "End of central directory record signature not found"],
    ["claims more entries", forgeZip(entries, { claimedEntries: 9 }), "unexpected EOF"],
  ])("a hostile one that %s is refused by an honest reader", async (_, bytes, why) => {
    await expect(unpack(bytes)).rejects.toThrow(why);
  });

  test("hostile ones lie where honest readers do not look", async () => {
    const claims = { local: 1, descriptor: 2 };
    const [lying] = await unpack(
      forgeZip([{ name: "a", content: proof, claimedSize: claims, crc: 5, unixMode: 0o120777 }]),
    );
    expect(lying).toMatchObject({ text: proof, entry: { crc32: 5, uncompressedSize: proof.length } });
    expect((lying?.entry.externalFileAttributes ?? 0) >>> 16).toBe(0o120777);
    const overlapping = await unpack(forgeZip(entries.slice(1), { overlapping: true }));
    expect(overlapping.map(({ text }) => text)).toEqual([proof, proof]);
    const bomb = forgeZip([{ name: "zeros", content: new Uint8Array(50_000_000) }]);
    expect(bomb.length).toBeLessThan(100_000);
  });

  test("an end record in the comment hides the entries of the true one", async () => {
    const fake = writeEndRecord({ entries: 0, size: 0, offset: 0 });
    const file = await fromBufferPromise(Buffer.from(forgeZip(entries, { comment: fake })));
    expect(file.entryCount).toBe(0);
  });

  test("there can be very many entries, and bytes in front", async () => {
    const many = Array.from({ length: 2000 }, (_, index) => ({ name: `file-${index}`, method: "stored" as const }));
    expect(await unpack(forgeZip(many, { prefix: Buffer.from("#!/bin/sh\n") }))).toHaveLength(2000);
  });
});
