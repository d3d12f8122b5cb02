// Tickets carry the job, cannot be forged, and survive a rotation of their keys in whatever order
// it reaches the instances.
import { CompactSign } from "jose";
import { expect, it } from "vitest";
import { ticketSecretsOf } from "../../src/auth/api-token.ts";
import { createTickets } from "../../src/auth/ticket.ts";

const job = {
  uniqueId: "a",
  profileKey: "linux",
  runnerCount: 2,
  qualifiedRepo: "o/r",
  runId: "1",
  place: 1_790_000_000_000_001,
};

it("a ticket says what was signed, the same bytes every time", async () => {
  const tickets = await createTickets(["token"]);
  const text = await tickets.issue(job);
  expect(await tickets.verify(text)).toEqual(job);
  expect(await tickets.issue(job)).toBe(text);
  expect(await (await createTickets(["token"])).verify(text)).toEqual(job);
});

it("a ticket carries the job's class, where it has one", async () => {
  const tickets = await createTickets(["token"]);
  const text = await tickets.issue({ ...job, className: "merge" });
  expect(await (await createTickets(["token"])).verify(text)).toEqual({ ...job, className: "merge" });
});

it("a ticket of the old API token is good while that token is still listed, and not after", async () => {
  const text = await (await createTickets(["old"])).issue(job);
  expect(await (await createTickets(["new", "old"])).verify(text)).toEqual(job);
  expect(await (await createTickets(["new"])).verify(text)).toBeNull();
});

/** Whether an instance that lists `verifying` takes the ticket that one with `signing` issues. */
async function accepts(verifying: string[], signing: string[]): Promise<boolean> {
  const text = await (await createTickets(signing)).issue(job);
  return (await (await createTickets(verifying)).verify(text)) !== null;
}

it.each([
  ["the order that docs/security.md gives", [["old"], ["old", "new"], ["new", "old"], ["new"]]],
  ["the new key first at once", [["old"], ["new", "old"], ["new"]]],
  ["the new key last, then alone", [["old"], ["old", "new"], ["new"]]],
  [
    "one of several teams' tokens replaced in one step",
    [
      ["a", "b", "c"],
      ["new", "b", "c"],
    ],
  ],
  ["TICKET_KEYS set where API tokens signed before", [["api"], ["key", "api"], ["key"]]],
])("a rolling rotation costs nobody their place: %s", async (_, steps) => {
  for (const [i, now] of steps.entries()) {
    const next = steps[i + 1] ?? now;
    // while the step rolls, both kinds of instance issue tickets and both are asked
    expect([await accepts(now, next), await accepts(next, now)], `${now} and ${next}`).toEqual([true, true]);
  }
});

it("where no key is shared a ticket is refused, whatever other signatures it carries", async () => {
  expect(await accepts(["new"], ["old"])).toBe(false);
  expect(await accepts(["new"], ["old", "older"])).toBe(false);
});

it("the second signature is good for the job that it was made for only, and for none that a header makes up", async () => {
  const rotating = await createTickets(["new", "old"]);
  const [header, payload, signature] = (await rotating.issue(job)).split(".") as [string, string, string];
  const [, foreign] = (await rotating.issue({ ...job, uniqueId: "b" })).split(".") as [string, string, string];
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const old = await createTickets(["old"]);
  expect(await old.verify(`${header}.${payload}.${signature}`)).toEqual(job);
  for (const forged of [
    `${header}.${foreign}.${signature}`,
    `${encode({ alg: "HS256", also: signature })}.${payload}.${signature}`,
    `${encode({ alg: "HS256", also: 1 })}.${payload}.${signature}`,
    `${encode({ alg: "HS256", also: `${"A".repeat(42)}A=` })}.${payload}.${signature}`,
    `${encode(["HS256"])}.${payload}.${signature}`,
    `${encode(null)}.${payload}.${signature}`,
  ])
    expect(await old.verify(forged), forged).toBeNull();
});

it("an instance with one key writes tickets that every version before could read", async () => {
  const [header] = (await (await createTickets(["token"])).issue(job)).split(".");
  expect(Buffer.from(header ?? "", "base64url").toString()).toBe('{"alg":"HS256"}');
});

it("a ticket with the longest names and two signatures is not too long", async () => {
  const long = {
    uniqueId: "i".repeat(128),
    profileKey: "p".repeat(64),
    runnerCount: 1000,
    qualifiedRepo: `${"o".repeat(39)}/${"r".repeat(100)}`,
    runId: "9".repeat(20),
    place: Number.MAX_SAFE_INTEGER,
  };
  const text = await (await createTickets(["new", "old"])).issue(long);
  for (const keys of [["new"], ["old"]]) expect(await (await createTickets(keys)).verify(text)).toEqual(long);
});

it("a token that is bound to repositories signs no tickets, and TICKET_KEYS take the place of all tokens", () => {
  const tokens = [
    { token: "bound", scope: "owner/" },
    { token: "free", scope: null },
  ];
  expect(ticketSecretsOf(undefined, tokens)).toEqual(["free"]);
  expect(ticketSecretsOf(["key"], tokens)).toEqual(["key"]);
});

/** A ticket under the right key, whatever is in it. */
async function signFreely(payload: unknown): Promise<string> {
  const hkdf = await crypto.subtle.importKey("raw", Buffer.from("token"), "HKDF", false, ["deriveBits"]);
  const [salt, info] = [Buffer.from("runner-queue"), Buffer.from("ticket v1")];
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, hkdf, 512);
  const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return await new CompactSign(bytes).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(bits));
}
const payload = { id: "a", profile: "linux", count: 2, repo: "o/r", run: "1", place: job.place };

it("fields that a newer version adds to a ticket are ignored, so that versions can roll", async () => {
  const tickets = await createTickets(["token"]);
  expect(await tickets.verify(await signFreely(payload))).toEqual(job);
  expect(await tickets.verify(await signFreely({ ...payload, share: 7, place_of: ["x"] }))).toEqual(job);
});

it.each([
  ["an id of dots", { id: ".." }],
  ["an id of a path", { id: "a/b" }],
  ["an id that is too long", { id: "a".repeat(129) }],
  ["a profile of dots", { profile: "." }],
  ["no owner", { repo: "abc" }],
  ["a repository of dots", { repo: "o/.." }],
  ["a repository that is a path", { repo: "o/r/x" }],
  ["a repository with a line break", { repo: "o/r\n" }],
  ["a run that is a number", { run: 1 }],
  ["a run of 21 digits", { run: "1".repeat(21) }],
  ["no runners", { count: 0 }],
  ["half a runner", { count: 0.5 }],
  ["more runners than any job has", { count: 1001 }],
  ["a count that is text", { count: "2" }],
  ["a place before all others", { place: -1 }],
  ["a place that no number holds", { place: 2 ** 53 }],
  ["no place", { place: undefined }],
])("a ticket is parsed as strictly as parameters, also under our own signature: %s", async (_, changed) => {
  const tickets = await createTickets(["token"]);
  expect(await tickets.verify(await signFreely({ ...payload, ...changed }))).toBeNull();
});

it("a signed ticket that is no JSON object is refused", async () => {
  const tickets = await createTickets(["token"]);
  for (const odd of ["", "null", "[]", "1", "{", '"x"']) expect(await tickets.verify(await signFreely(odd))).toBeNull();
});

it("one ticket has one spelling: spare bits, padding and white space are refused", async () => {
  const text = await (await createTickets(["token"])).issue(job);
  const tickets = await createTickets(["token"]);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const next = alphabet[alphabet.indexOf(text.at(-1) ?? "A") + 1] ?? "B";
  for (const other of [`${text}=`, ` ${text}`, `${text}\n`, text.slice(0, -1) + next])
    expect(await tickets.verify(other)).toBeNull();
  expect(await tickets.verify(text)).toEqual(job);
});

it("nothing else passes: changed, unsigned, signed by the API token itself, other algorithms, odd text", async () => {
  const tickets = await createTickets(["token"]);
  const text = await tickets.issue(job);
  const [header, payload, signature] = text.split(".") as [string, string, string];
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const other = encode({ id: "b", profile: "linux", count: 2, repo: "o/r", run: "1", place: 1 });
  const byToken = await new CompactSign(Buffer.from(payload, "base64url"))
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from("token".padEnd(32, "\0")));
  const odd = [
    `${header}.${other}.${signature}`,
    `${encode({ alg: "none" })}.${payload}.`,
    `${header}.${payload}.`,
    byToken,
    "",
    ".",
    "..",
    "a.b.c",
    "x".repeat(2000),
  ];
  for (const forged of odd) expect(await tickets.verify(forged)).toBeNull();
});
