// Forges whose API lies below a path of their own host, as GitHub Enterprise Server's and Gitea's
// do: proofs of enqueue work there as at github.com. docs/other-forges.md has the settings.
import { createServer, request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { askProblem, repo, runId, startTokenlessQueue } from "../support/tokenless.ts";

/**
 * The same host as `target`, with everything below `prefixes`, and blobs, which links lead to,
 * where they were.
 */
async function startBelow(target: () => string, prefixes: readonly string[]): Promise<string> {
  let url = "";
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "";
    const prefix = prefixes.find((one) => path.startsWith(`${one}/`));
    const to = new URL(prefix === undefined ? path : path.slice(prefix.length), target());
    const asked = request(to, { method: incoming.method, headers: { ...incoming.headers, host: to.host } }, (reply) => {
      const { location } = reply.headers;
      outgoing.writeHead(reply.statusCode ?? 500, {
        ...reply.headers,
        ...(location !== undefined && { location: location.replace(target(), url) }),
      });
      reply.pipe(outgoing);
    });
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return url;
}

test.each([
  ["GitHub Enterprise Server", "/api/v3"],
  ["Gitea", "/api/v1"],
])("an artifact proves an enqueue where the API lies as at %s", async (_, prefix) => {
  let target = "";
  const url = await startBelow(() => target, [prefix]);
  await using queue = await startTokenlessQueue((github) => {
    target = github.url;
    return { GITHUB_API_URL: url + prefix };
  });
  await queue.upload("job");
  expect(await queue.enqueue({ unique_id: "job", qualified_repo: repo, run_id: runId })).toMatchObject({ status: 200 });
  expect(queue.github.violations).toEqual([]);
});

test("an OIDC token of GitHub Enterprise Server's issuer proves an enqueue, beside one of github.com's", async () => {
  let target = "";
  const url = await startBelow(() => target, ["/_services/token"]);
  const issuer = `${url}/_services/token`;
  const aud = "https://queue.example";
  await using queue = await startTokenlessQueue((github) => {
    target = github.url;
    return { OIDC_AUDIENCE: aud, OIDC_ISSUER: `${github.url},${issuer}` };
  });
  for (const iss of [queue.github.url, issuer]) {
    const token = await queue.github.issueIdToken({ aud, repository: repo, run_id: runId, iss });
    const query = new URLSearchParams({ unique_id: "job", qualified_repo: repo, run_id: runId });
    const headers = { authorization: `Bearer ${token}` };
    const reply = await askProblem(`${queue.service.url}/profile/linux/enqueue?${query}`, { method: "POST", headers });
    expect(reply).toMatchObject({ status: 200 });
  }
});
