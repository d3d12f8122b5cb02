// Artifacts are strangers' bytes: 10,000 mutated zips and texts are unpacked and read without a
// crash, a hang or memory that grows, and some hundreds of them through the whole service without a
// 500.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseProofText } from "../../src/github/artifact-proof.ts";
import { loadSoleFile } from "../../src/github/sole-file.ts";
import { fuzzCases } from "../support/fuzzed-json.ts";
import { proofText } from "../support/github.ts";
import { repo, runId, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";
import { forgeZip } from "../support/zip-forge.ts";

const longest = 8 * 1024;
const cases = fuzzCases(10_000);
const content = proofText({ uniqueId: "u", repo, runId, profile: "linux" });
const entry = { name: "proof.txt", content };
const originals = [
  forgeZip([entry]),
  forgeZip([{ ...entry, method: "stored" }], { sizesFirst: true }),
  forgeZip([entry], { zip64: true, comment: "hello" }),
  forgeZip([entry], { prefix: new Uint8Array(50) }),
  forgeZip([entry, { name: "second", content: "x" }]),
  forgeZip([{ ...entry, claimedSize: { local: 1, descriptor: 2, central: 3 } }]),
  forgeZip([{ ...entry, encrypted: true, crc: 1 }]),
  forgeZip([{ name: "../../etc/passwd", content }]),
  forgeZip([{ name: "folder/" }]),
  forgeZip([entry], { claimedEntries: 65_535 }),
  forgeZip([entry], { cutOff: 10 }),
  forgeZip([{ name: "bomb", content: new Uint8Array(1024 * 1024), claimedSize: { central: 100 } }]),
];

/** One of the originals with bytes changed, cut out, put in twice or put in anew. */
const mutated = fc
  .tuple(
    fc.constantFrom(...originals),
    fc.array(
      fc.record({
        how: fc.constantFrom("change", "change", "change", "change", "cut", "repeat", "insert", "extreme"),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([original, changes]) => changes.reduce(mutate, original));

function mutate(bytes: Uint8Array, change: { how: string; at: number; bytes: Uint8Array }): Uint8Array {
  const at = Math.floor(change.at * bytes.length);
  const { length } = change.bytes;
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.how) {
    case "cut":
      return Buffer.concat([head, tail.subarray(length)]);
    case "repeat":
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case "insert":
      return Buffer.concat([head, change.bytes, tail]);
    case "extreme":
      return Buffer.concat([head, new Uint8Array(length).fill(0xff), tail.subarray(length)]);
    default:
      return Buffer.concat([head, change.bytes, tail.subarray(length)]);
  }
}

it("10,000 mutated zips are unpacked or refused: no exception, no stray error, no memory that grows", async () => {
  const stray: unknown[] = [];
  const note = (error: unknown) => stray.push(error);
  process.on("uncaughtException", note).on("unhandledRejection", note);
  let files = 0;
  const run = async (numRuns: number) => {
    await fc.assert(
      fc.asyncProperty(mutated, async (zip) => {
        const file = await loadSoleFile(zip, longest);
        if (file.kind === "bad") {
          expect(file.why).toMatch(/^Its? /);
          return;
        }
        files++;
        expect(file.bytes.length).toBeLessThanOrEqual(longest);
        expect(parseProofText(file.bytes).kind).toMatch(/^(text|refused)$/);
      }),
      { numRuns },
    );
    return process.memoryUsage().rss;
  };
  const before = await run(cases / 2);
  const after = await run(cases / 2);
  process.off("uncaughtException", note).off("unhandledRejection", note);
  expect(stray).toEqual([]);
  // both kinds must occur for this to say anything
  expect(files).toBeGreaterThan(cases / 100);
  expect(files).toBeLessThan(0.99 * cases);
  expect(after - before).toBeLessThan(64 * 1024 * 1024);
});

const oddLine = fc.oneof(
  fc.constantFrom("unique_id=u", "run_id=77", `qualified_repo=${repo}`, "self_hosted_image_name=linux", "__proto__=1"),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.tuple(fc.string({ maxLength: 10 }), fc.string({ maxLength: 600 })).map((pair) => pair.join("=")),
);

it("10,000 mutated texts are read or refused, and never half", () => {
  fc.assert(
    fc.property(fc.array(oddLine, { maxLength: 10 }), fc.constantFrom("\n", "\r\n", "\r", "\0"), (lines, end) => {
      const result = parseProofText(new TextEncoder().encode(lines.join(end)));
      if (result.kind === "refused") {
        expect(result.code).toBe("artifact_malformed");
        return;
      }
      for (const value of Object.values(result.text)) if (value !== null) expect(value).not.toBe("");
    }),
    { numRuns: cases },
  );
});

let queue: TokenlessQueue;
beforeAll(async () => {
  queue = await startTokenlessQueue();
});
afterAll(() => queue?.[Symbol.asyncDispose]());

it("through the service every mutated artifact gets a 403 with a code, or a ticket", async () => {
  const odd = fc.oneof(
    mutated,
    fc.array(oddLine, { maxLength: 6 }).map((lines) => forgeZip([{ name: "f", content: lines.join("\n") }])),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(odd, async (zip) => {
      const uniqueId = `fuzz-${count++}`;
      queue.upload(uniqueId, { zip });
      // each from elsewhere: a single caller would be slowed down
      const reply = await queue.enqueueJob(uniqueId, `198.51.100.${count % 250}`);
      expect([200, 403]).toContain(reply.status);
      if (reply.status === 403) expect(reply.code).toMatch(/^artifact_/);
    }),
    { numRuns: 400 },
  );
  expect(queue.service.logLines().filter(({ msg }) => msg === "trouble")).toEqual([]);
});
