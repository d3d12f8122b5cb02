// When the OIDC issuer is asked for its keys, and who waits for that: on a clock of its own.
import { readFileSync } from "node:fs";
import { exportJWK, generateKeyPair, type JSONWebKeySet } from "jose";
import { beforeAll, expect, it } from "vitest";
import { createIssuerKeys, failurePauseMs, KeysUnavailable, unknownKidPauseMs } from "../../src/github/issuer-keys.ts";

const dayMs = 24 * 3_600_000;
let published: JSONWebKeySet;
beforeAll(async () => {
  const { publicKey } = await generateKeyPair("RS256");
  published = { keys: [{ ...(await exportJWK(publicKey)), kid: "known", alg: "RS256", use: "sig" }] };
});

/** An issuer that counts how often it is asked, and fails while `isDown`. */
function createIssuer() {
  const issuer = { now: 0, asked: 0, isDown: false, keys: published };
  const find = createIssuerKeys(
    async () => {
      issuer.asked++;
      if (issuer.isDown) throw new KeysUnavailable("status 500");
      return issuer.keys;
    },
    () => issuer.now,
  );
  const look = async (kid: string): Promise<string> => {
    try {
      await find({ alg: "RS256", kid }, { payload: "", signature: "" });
      return "found";
    } catch (error) {
      return error instanceof KeysUnavailable ? "unavailable" : "no such key";
    }
  };
  return { issuer, look };
}

it("known keys are fetched once, and then answer at once", async () => {
  const { issuer, look } = createIssuer();
  expect(await Promise.all([look("known"), look("known"), look("known")])).toEqual(["found", "found", "found"]);
  for (let i = 0; i < 10; i++) expect(await look("known")).toBe("found");
  expect(issuer.asked).toBe(1);
});

it("unknown keys cost the issuer one question in thirty seconds, and a new key is found by it", async () => {
  const { issuer, look } = createIssuer();
  await look("known");
  for (let i = 0; i < 100; i++) expect(await look(`stranger ${i}`)).toBe("no such key");
  expect(issuer.asked).toBe(1);
  issuer.now = unknownKidPauseMs;
  issuer.keys = { keys: [...published.keys, { ...published.keys[0], kty: "RSA", kid: "new" }] };
  expect(await look("new")).toBe("found");
  for (let i = 0; i < 100; i++) expect(await look(`stranger ${i}`)).toBe("no such key");
  expect(issuer.asked).toBe(2);
});

it("while the issuer is down, known keys go on for a day, and an unknown one is told to come back", async () => {
  const { issuer, look } = createIssuer();
  await look("known");
  issuer.isDown = true;
  for (let hour = 1; hour < 24; hour++) {
    issuer.now = hour * 3_600_000;
    expect(await look("stranger")).toBe("unavailable");
    expect(await look("known")).toBe("found");
  }
  issuer.now = dayMs + 1;
  expect(await look("known")).toBe("unavailable");
  issuer.isDown = false;
  issuer.now += failurePauseMs;
  expect(await look("known")).toBe("found");
});

it("an issuer that is down is asked once a second at most, however many ask", async () => {
  const { issuer, look } = createIssuer();
  issuer.isDown = true;
  for (let i = 0; i < 100; i++) expect(await look("known")).toBe("unavailable");
  expect(issuer.asked).toBe(1);
  issuer.now = failurePauseMs;
  for (let i = 0; i < 100; i++) expect(await look("known")).toBe("unavailable");
  expect(issuer.asked).toBe(2);
});

it("a key that was withdrawn is found out: what is older than ten minutes is fetched anew in the background", async () => {
  const { issuer, look } = createIssuer();
  await look("known");
  issuer.keys = { keys: [] };
  issuer.now = 600_000;
  expect(await look("known")).toBe("found");
  await new Promise((resolve) => setImmediate(resolve));
  expect(await look("known")).toBe("no such key");
});

it("keys that are none leave those that are known as they are", async () => {
  const { issuer, look } = createIssuer();
  await look("known");
  issuer.now = unknownKidPauseMs;
  issuer.keys = { keys: "none" } as unknown as JSONWebKeySet;
  expect(await look("stranger")).toBe("unavailable");
  expect(await look("known")).toBe("found");
});

it("docs/security.md says the same figures as the code", () => {
  const text = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
  const figures = `at most every ${unknownKidPauseMs / 1000} s, and every ${failurePauseMs / 1000} s after it failed`;
  expect(text.replaceAll(/\s+/g, " ")).toContain(figures);
});
