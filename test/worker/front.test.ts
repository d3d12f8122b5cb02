// What stands before the Durable Object, and what stands between it and the monitors: whatever
// befalls the other side is said as what it is.
import { expect, it } from "vitest";
import { comeBack } from "../../src/http/problem.ts";
import type { Bindings } from "../../src/worker/bindings.ts";
import { createDoorTransport } from "../../src/worker/door-transport.ts";
import { createFront } from "../../src/worker/front.ts";

const settings = { MONITORS: "ci0=http://127.0.0.1:9", API_TOKENS: "secret-token-of-the-tests" };
const request = new Request("http://queue/take/a?token=t", { method: "POST" });

function bind(answer: () => Promise<Response>, more: object = {}) {
  const QUEUE: Bindings["QUEUE"] = { getByName: () => ({ fetch: answer, sweep: async () => {} }) };
  return { QUEUE, ...settings, ...more };
}

it("an object that goes away in the middle of a request is an empty 503, which curl retries and which spoils no file", async () => {
  const lines: string[] = [];
  const front = createFront((line) => lines.push(line));
  const env = bind(async () => {
    throw new Error("reset because its code was updated, token=t");
  });
  const reply = await front.fetch(request, env);
  expect([
    reply.status,
    await reply.text(),
    reply.headers.get("retry-after"),
    reply.headers.get("x-queue-reason"),
  ]).toEqual([503, "", "1", "restarting"]);
  expect(lines.join()).toContain("the object went away");
  expect(lines.join()).not.toContain("token=");
});

it("what is empty is marked so that nothing compresses it; what is not passes as it is", async () => {
  const front = createFront(() => {});
  const empty = await front.fetch(
    request,
    bind(async () => comeBack("store_unavailable", 2)),
  );
  expect([empty.status, empty.headers.get("content-encoding"), empty.headers.get("x-queue-reason")]).toEqual([
    503,
    "identity",
    "store_unavailable",
  ]);
  const full = await front.fetch(
    request,
    bind(async () => new Response("{}")),
  );
  expect([full.headers.get("content-encoding"), await full.text()]).toEqual([null, "{}"]);
});

it("settings without quotes are read as they are meant, and wrong ones are told in one line", async () => {
  const lines: string[] = [];
  const env = (more: object) => bind(async () => new Response("ok"), more);
  const fine = createFront((line) => lines.push(line));
  expect((await fine.fetch(request, env({ MAX_QUEUE_DEPTH: 2, DASHBOARD_TOKEN: 1_234_567_890_123_456 }))).status).toBe(
    200,
  );
  const wrong = createFront((line) => lines.push(line));
  expect((await wrong.fetch(request, env({ MAX_QUEUE_DEPTH: -2, ABANDON_AFTER: true }))).status).toBe(503);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/MAX_QUEUE_DEPTH.*ABANDON_AFTER|ABANDON_AFTER.*MAX_QUEUE_DEPTH/);
});

it("what is valid and hardly meant is told once, and the queue runs", async () => {
  const lines: string[] = [];
  const front = createFront((line) => lines.push(line));
  const env = bind(async () => new Response("ok"), { API_TOKENS: "short", OIDC_AUDIENCE: "queue" });
  for (const _ of [1, 2]) expect((await front.fetch(request, env)).status).toBe(200);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: "warn", msg: expect.stringMatching(/^OIDC_AUDIENCE is set/) },
    { level: "warn", msg: expect.stringMatching(/^API_TOKENS has fewer/) },
  ]);
});

it("a door that does not answer may have sent its take: silence, until its time to send is over", async () => {
  const DOOR: Bindings["DOOR"] = {
    getByName: () => ({
      fetch: async () => new Response(),
      sendTake: async () => {
        throw new Error("the door went away");
      },
    }),
  };
  const sending = { monitor: "ci0", url: "http://127.0.0.1:9/", headers: {}, timeoutMs: 100, bodyLimit: 10 };
  const reply = await createDoorTransport(DOOR).sendTake({ ...sending, sendBy: performance.now() + 2_000 });
  expect(reply.kind).toBe("silent");
  if (reply.kind === "silent") expect(reply.sinceSentMs).toBeLessThan(-1_500);
});
