// Tickets carry the job, cannot be forged, and survive a rotation of the API tokens.
import { CompactSign } from "jose";
import { expect, it } from "vitest";
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

it("a ticket of the old API token is good while that token is still listed, and not after", async () => {
  const text = await (await createTickets(["old"])).issue(job);
  expect(await (await createTickets(["new", "old"])).verify(text)).toEqual(job);
  expect(await (await createTickets(["new"])).verify(text)).toBeNull();
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
