// No secret gets into the log, at any level, whatever happens: every route is used rightly and
// wrongly at LOG_LEVEL=trace, and the whole output of the service is searched for every secret that
// was in play, whole, in part and encoded.
import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { noFaults } from "../../scripts/simulated-github/faults.ts";
import { takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken } from "../support/service.ts";
import { repo, runId, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";

const operatorToken = "operator-token-of-the-tests";
const codeVerifier = "verifier-of-the-tests".padEnd(50, "x");
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const app = {
  id: "4711",
  publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  installedAt: ["servo"],
};

async function send(queue: TokenlessQueue, method: string, path: string, bearer?: string): Promise<string> {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const reply = await fetch(queue.service.url + path, { method, headers });
  return await reply.text();
}

it("no token, ticket, Authorization header, verifier, key or signed URL is in any line at LOG_LEVEL=trace", async () => {
  await using queue = await startTokenlessQueue(
    (github) => ({
      LOG_LEVEL: "trace",
      OPERATOR_TOKENS: operatorToken,
      DASHBOARD_TOKEN: "dashboard-token-of-the-tests",
      OIDC_AUDIENCE: "queue",
      OIDC_ISSUER: github.url,
      GITHUB_APP_ID: app.id,
      GITHUB_APP_PRIVATE_KEY: pem,
    }),
    { app },
  );
  const { github, monitor, service } = queue;
  const query = (id: string) => `unique_id=${id}&qualified_repo=${repo}&run_id=${runId}`;
  const secrets = new Map([
    ["API token", apiToken],
    ["monitor token", monitorToken],
    ["operator token", operatorToken],
    ["dashboard token", "dashboard-token-of-the-tests"],
    ["verifier", codeVerifier],
    ["App key", pem.split("\n")[3] ?? ""],
  ]);

  // every way in, taken rightly
  const byToken = await send(queue, "POST", `/profile/linux/enqueue?${query("by-token")}`, apiToken);
  secrets.set("ticket by token", byToken);
  queue.upload("by-artifact");
  const byArtifact = await send(queue, "POST", `/enqueue?${query("by-artifact")}&code_verifier=${codeVerifier}`);
  secrets.set("ticket by artifact", byArtifact);
  const idToken = await github.issueIdToken({ aud: "queue", repository: repo, run_id: runId });
  secrets.set("OIDC token", idToken);
  const byOidc = await send(queue, "POST", `/profile/linux/enqueue/2?${query("by-oidc")}`, idToken);
  secrets.set("ticket by OIDC", byOidc);
  for (const ticket of [byToken, byArtifact, byOidc]) expect(ticket.split(".")).toHaveLength(3);
  await takeUntilDone(service.url, "by-token", byToken);
  await send(queue, "POST", "/take/by-artifact", byArtifact);
  await send(queue, "GET", `/jobs/by-oidc?token=${byOidc}`);
  await send(queue, "GET", "/jobs/by-oidc", operatorToken);
  await send(queue, "DELETE", `/jobs/by-oidc?token=${byOidc}`);
  for (const path of [
    "/",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/metrics",
    "/dashboard.json",
    "/dashboard.txt",
    "/history.json",
  ]) {
    await send(queue, "GET", path, operatorToken);
  }

  await send(queue, "POST", `/take/by-artifact?token=${byArtifact}&wait=1`);
  await send(queue, "POST", "/monitors/ci0/changed", monitorToken);
  for (const act of [
    "/monitors/ci0/drain",
    "/monitors/ci0/resume",
    "/profiles/linux/pause",
    "/profiles/linux/resume",
  ]) {
    await send(queue, "POST", `${act}?note=why`, operatorToken);
    await send(queue, "POST", `${act}?note=${byToken}x`, operatorToken.slice(1));
  }

  // and wrongly: as the wrong secret, at the wrong place, twice, too long
  for (const [name, secret] of secrets) {
    const text = encodeURIComponent(secret);
    const wrong = name === "API token" ? "x" : secret;
    await send(queue, "POST", `/profile/linux/enqueue?${query("wrong")}&token=${text}`, wrong);
    await send(queue, "POST", `/take/nobody?token=${text}`);
    await send(queue, "POST", `/take/nobody?token=${text}&token=${text}`, secret);
    await send(queue, "PUT", `/take/${text}?token=${text}`, secret);
    await send(queue, "GET", `/${text}`, secret);
    await send(
      queue,
      "POST",
      `/profile/linux/enqueue?${query("wrong")}`,
      `${secret}${secret.repeat(20)}`.slice(0, 8000),
    );
  }

  // everything behind the queue fails, with answers that quote what they were asked
  Object.assign(monitor.faults, { take: "garbage" });
  for (const faults of [
    { status: 500 },
    { reset: true },
    { garbage: true },
    { deny: "permissions" },
    { redirectTo: "http://203.0.113.1/?sig=signed-url-of-the-tests" },
  ] as const) {
    Object.assign(github.faults, noFaults, faults);
    const id = `fault-${Object.keys(faults)[0]}`;
    queue.upload(id);
    await send(queue, "POST", `/enqueue?${query(id)}`);
  }
  Object.assign(github.faults, noFaults, { jwksStatus: 500 });
  await github.rotateOidcKey();
  await send(
    queue,
    "POST",
    `/profile/linux/enqueue?${query("oidc-2")}`,
    await github.issueIdToken({ aud: "queue", repository: repo, run_id: runId }),
  );
  await monitor.close();
  await service.onLog(({ msg }) => msg === "monitor_down");
  await service.stop();

  secrets.set("signed URL", "signed-url-of-the-tests");
  for (const { headers } of github.requests) {
    const sent = headers.authorization?.split(" ")[1];
    if (sent !== undefined) secrets.set(`sent to GitHub ${secrets.size}`, sent);
  }
  expect(secrets.size).toBeGreaterThan(12);
  const output = [
    JSON.stringify(service.logLines()),
    service.process.strayLines.join("\n"),
    service.process.stderr(),
  ].join("\n");
  expect(output).toContain("claimed");
  expect(output).not.toMatch(/bearer ey|authorization|sig=|-----BEGIN/i);
  for (const [name, secret] of secrets) {
    const parts = [
      secret,
      ...secret.split(".").filter((part) => part.length > 20),
      Buffer.from(secret).toString("base64"),
    ];
    for (const part of parts) expect(output.includes(part), `${name} is in the log`).toBe(false);
  }
});
