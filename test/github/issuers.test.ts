// Several OIDC issuers at once: each one's keys are good for its own tokens alone, and are found
// where it publishes them.
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { createOidcCheck } from "../../src/github/oidc.ts";

const audience = "https://queue.example";

interface Issuer {
  readonly url: string;
  /** @param iss whose token it pretends to be */
  sign(claims?: object, iss?: string): Promise<string>;
}

/**
 * @param path what its URL has behind the host
 * @param keysPath where the keys lie below that
 * @param describedAs the `jwks_uri` of its description; absent: it has no description
 */
async function startIssuer(path: string, keysPath: string, describedAs?: string): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" }] };
  let url = "";
  const server = createServer(({ url: asked }, response) => {
    const documents: Readonly<Record<string, object>> = {
      [path + keysPath]: jwks,
      ...(describedAs !== undefined && {
        [`${path}/.well-known/openid-configuration`]: { issuer: url, jwks_uri: describedAs.replace("SELF", url) },
      }),
    };
    const document = documents[asked ?? ""];
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(document === undefined ? "" : JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}${path}`;
  return {
    url,
    sign: (claims = {}, iss = url) =>
      new SignJWT({ repository: "me/repo", run_id: "7", ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuer(iss)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime("5m")
        .sign(privateKey),
  };
}

const github = () => startIssuer("", "/.well-known/jwks");
/** Its keys lie elsewhere, and its description says where. */
const forgejo = () => startIssuer("/api/actions", "/.well-known/keys", "SELF/.well-known/keys");
/** Of a workflow that says nothing of its class. */
const ofClass = { eventName: undefined, refProtected: undefined, workflowRef: undefined };
const claims = { kind: "claims", repository: "me/repo", runId: "7", ofClass };

test("tokens of every listed issuer count, wherever it publishes its keys", async () => {
  const issuers = [await github(), await startIssuer("/_services/token", "/.well-known/jwks"), await forgejo()];
  const check = createOidcCheck(
    issuers.map(({ url }) => url),
    audience,
  );
  for (const issuer of issuers) expect(await check.verify(await issuer.sign())).toEqual(claims);
});

test("one issuer cannot sign for another, and one that is not listed cannot sign at all", async () => {
  const [first, second, stranger] = [await github(), await github(), await github()];
  const check = createOidcCheck([first.url, second.url], audience);
  expect(await check.verify(await first.sign({}, second.url))).toEqual({ kind: "refused", code: "oidc_invalid" });
  expect(await check.verify(await stranger.sign())).toEqual({ kind: "refused", code: "oidc_issuer_wrong" });
  expect(await check.verify(await stranger.sign({}, first.url))).toEqual({ kind: "refused", code: "oidc_invalid" });
});

test("a description that points to another host is not followed", async () => {
  const elsewhere = await startIssuer("", "/keys");
  const issuer = await startIssuer("/api", "/none", `${elsewhere.url}/keys`);
  const check = createOidcCheck([issuer.url], audience);
  expect(await check.verify(await elsewhere.sign({}, issuer.url))).toMatchObject({
    kind: "trouble",
    why: expect.stringContaining("keys on another host"),
  });
});

test("an issuer that is away does not trouble the others", async () => {
  const good = await github();
  const check = createOidcCheck(["http://127.0.0.1:1", good.url], audience);
  expect(await check.verify(await good.sign())).toEqual(claims);
  expect(await check.verify(await good.sign({}, "http://127.0.0.1:1"))).toMatchObject({ kind: "trouble" });
});
