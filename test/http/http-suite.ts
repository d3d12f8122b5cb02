// The HTTP contract of design section 3, status by status, as a function of how a queue is started:
// whatever the entry and the store, it is the same.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken } from "../support/service.ts";

const bearer = { authorization: `Bearer ${apiToken}` };

export interface StartedQueue extends AsyncDisposable {
  readonly url: string;
}

/** @param env settings over and above those for tests */
export type StartQueue = (
  monitors: readonly SimulatedMonitor[],
  env: Readonly<Record<string, string>>,
) => Promise<StartedQueue>;

export function describeHttpContract(name: string, start: StartQueue): void {
  describe(`the HTTP contract ${name}`, () => {
    let monitor: SimulatedMonitor;
    let service: StartedQueue;

    beforeAll(async () => {
      monitor = await startSimulatedMonitor({
        name: "ci0",
        token: monitorToken,
        profiles: { linux: 0, gang: 3 },
        habits: { startsAfterMs: null },
      });
      monitor.setTarget("linux", 1);
      service = await start([monitor], {
        OPERATOR_TOKENS: "operator-token",
        // every route is there
        GITHUB_WEBHOOK_SECRETS: "webhook-secret-of-the-tests",
        ABANDON_AFTER: "60s",
        ANSWER_TTL: "6s",
        MAX_RUNNER_COUNT: "9",
        MAX_QUEUE_DEPTH: "3",
      });
    });
    afterAll(async () => {
      await service?.[Symbol.asyncDispose]();
      await monitor?.close();
    });

    const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
      const reply = await fetch(service.url + path, { method, headers });
      const text = await reply.text();
      const code =
        reply.headers.get("content-type") === "application/problem+json"
          ? (JSON.parse(text) as { code: string }).code
          : undefined;
      return { status: reply.status, text, code, headers: reply.headers };
    };
    const enqueuePath = (id: string, rest = "") =>
      `/profile/linux/enqueue?unique_id=${id}&qualified_repo=o/r&run_id=1${rest}`;

    it("refuses an enqueue without, with a wrong, and with a malformed bearer, before it looks at anything else", async () => {
      const missing = await ask("POST", enqueuePath("a"));
      expect([missing.status, missing.code, missing.headers.get("www-authenticate")]).toEqual([
        401,
        "bearer_missing",
        "Bearer",
      ]);
      expect(await ask("POST", "/profile/linux/enqueue", { authorization: "Bearer wrong" })).toMatchObject({
        status: 403,
        code: "bearer_unknown",
      });
    });

    it("refuses malformed and repeated parameters with a sentence about each", async () => {
      const reply = await ask("POST", "/profile/linux/enqueue?unique_id=a%20b&qualified_repo=x&run_id=y", bearer);
      expect(reply).toMatchObject({ status: 400, code: "malformed_parameter" });
      for (const name of ["unique_id", "qualified_repo", "run_id"]) expect(reply.text).toContain(name);
      expect(await ask("POST", enqueuePath("a", "&run_id=2"), bearer)).toMatchObject({
        status: 400,
        code: "repeated_parameter",
      });
      const counts = ["0", "10", "1.5", "x", "-1"].map((count) =>
        ask("POST", `/profile/linux/enqueue/${count}?unique_id=a&qualified_repo=o/r&run_id=1`, bearer),
      );
      for (const refused of await Promise.all(counts))
        expect(refused).toMatchObject({ status: 400, code: "malformed_parameter" });
      for (const id of [".", ".."]) {
        const dots = `/profile/linux/enqueue?unique_id=${id}&qualified_repo=o/r&run_id=1`;
        expect(await ask("POST", dots, bearer)).toMatchObject({ status: 400, code: "malformed_parameter" });
      }
      expect(await ask("POST", "/take/a%20b?token=x")).toMatchObject({ status: 400, code: "malformed_parameter" });
    });

    it("returns the ticket as bare text, the same for the same request, and 409 for another", async () => {
      const first = await ask("POST", enqueuePath("same"), bearer);
      expect([first.status, first.headers.get("content-type"), first.headers.get("cache-control")]).toEqual([
        200,
        "text/plain; charset=utf-8",
        "no-store",
      ]);
      expect(first.text).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect((await ask("POST", enqueuePath("same"), bearer)).text).toBe(first.text);
      expect(
        await ask("POST", "/profile/linux/enqueue?unique_id=same&qualified_repo=o/r&run_id=2", bearer),
      ).toMatchObject({ status: 409, code: "id_conflict" });
      expect(
        await ask("POST", "/profile/gang/enqueue?unique_id=same&qualified_repo=o/r&run_id=1", bearer),
      ).toMatchObject({ status: 409, code: "id_conflict" });
      await ask("DELETE", `/jobs/same?token=${first.text}`);
    });

    it("refuses what the fleet cannot have, and lets nobody in when the queue is full", async () => {
      expect(
        await ask("POST", "/profile/linux/enqueue/2?unique_id=two&qualified_repo=o/r&run_id=1", bearer),
      ).toMatchObject({ status: 422, code: "unsatisfiable" });
      expect(await ask("POST", "/profile/nope/enqueue?unique_id=n&qualified_repo=o/r&run_id=1", bearer)).toMatchObject({
        status: 422,
        code: "unsatisfiable",
      });
      const tickets = await Promise.all(
        ["f1", "f2", "f3"].map((uniqueId) => enqueueForTicket(service.url, { profile: "gang", uniqueId, count: 3 })),
      );
      const full = await ask("POST", "/profile/gang/enqueue?unique_id=f4&qualified_repo=o/r&run_id=1", bearer);
      expect([full.status, full.text, full.headers.get("x-queue-reason"), full.headers.get("retry-after")]).toEqual([
        429,
        "",
        "queue_full",
        "5",
      ]);
      await Promise.all(tickets.map((ticket, i) => ask("DELETE", `/jobs/f${i + 1}?token=${ticket}`)));
    });

    it("tells a ticket that is not this job's (403) from a job that is not there (404)", async () => {
      const mine = await enqueueForTicket(service.url, { profile: "gang", uniqueId: "mine", count: 3 });
      const other = await enqueueForTicket(service.url, { profile: "gang", uniqueId: "other", count: 3 });
      expect(await ask("POST", `/take/mine?token=${other}`)).toMatchObject({ status: 403, code: "ticket_wrong" });
      expect(await ask("POST", "/take/mine?token=forged")).toMatchObject({ status: 403, code: "ticket_wrong" });
      for (const id of ["mine", "never"]) {
        expect(await ask("POST", `/take/${id}`)).toMatchObject({ status: 403, code: "ticket_missing" });
      }
      expect(await ask("POST", "/take/never?token=forged")).toMatchObject({ status: 404, code: "job_unknown" });
      const forged = `${mine.split(".").slice(0, 2).join(".")}.${"A".repeat(43)}`;
      expect(await ask("POST", `/take/mine?token=${forged}`)).toMatchObject({ status: 403 });
      expect((await ask("POST", "/take/mine", { authorization: `Bearer ${mine}` })).status).toBe(200);
      await ask("DELETE", `/jobs/other?token=${other}`);
    });

    it("answers a waiting take with an empty 503 that says when to come back, which place, and why", async () => {
      const busy = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "busy" });
      expect((await takeUntilDone(service.url, "busy", busy)).status).toBe(200);
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "waits" });
      const reply = await take(service.url, "waits", ticket);
      const header = (name: string) => reply.headers.get(name);
      expect([reply.status, reply.text, header("content-length"), header("cache-control")]).toEqual([
        503,
        "",
        "0",
        "no-store",
      ]);
      expect([header("retry-after"), header("x-queue-position"), header("x-queue-reason")]).toEqual([
        "1",
        "1",
        "no_capacity",
      ]);
      const shown = await ask("GET", `/jobs/waits?token=${ticket}`);
      expect(JSON.parse(shown.text)).toMatchObject({
        unique_id: "waits",
        profile_key: "linux",
        state: "queued",
        position: 1,
        runner_count: 1,
        qualified_repo: "servo/servo",
        run_id: "77",
      });
      await ask("DELETE", `/jobs/waits?token=${ticket}`);
    });

    it("replays the same bytes to the same ticket until ANSWER_TTL, then says the answer is too old", async () => {
      monitor.freeOne("linux");
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "replay" });
      const first = await takeUntilDone(service.url, "replay", ticket);
      expect([first.status, first.headers.get("content-type"), first.headers.get("cache-control")]).toEqual([
        200,
        "application/json",
        "no-store",
      ]);
      expect((await take(service.url, "replay", ticket)).text).toBe(first.text);
      expect(await ask("DELETE", `/jobs/replay?token=${ticket}`)).toMatchObject({ status: 409, code: "job_taken" });
      const askLate = async () => {
        const { status, text } = await take(service.url, "replay", ticket);
        return [status, (JSON.parse(text) as { code?: string }).code];
      };
      await expect.poll(askLate, { interval: 250 }).toEqual([404, "answer_expired"]);
      const again = "/profile/linux/enqueue?unique_id=replay&qualified_repo=servo/servo&run_id=77";
      expect(await ask("POST", again, bearer)).toMatchObject({ status: 409, code: "id_used" });
    });

    it("lets the ticket's holder and an operator look at a job and cancel it, and nobody else", async () => {
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "look" });
      const operator = { authorization: "Bearer operator-token" };
      expect(await ask("GET", "/jobs/look")).toMatchObject({ status: 401, code: "bearer_missing" });
      const stranger = { authorization: "Bearer stranger" };
      expect(await ask("GET", "/jobs/look", stranger)).toMatchObject({ status: 403, code: "ticket_wrong" });
      // a good token is told what it is good for, and not that there is such a job
      for (const id of ["look", "nobody"])
        expect(await ask("GET", `/jobs/${id}`, bearer)).toMatchObject({ status: 403, code: "not_an_operator" });
      expect((await ask("GET", "/jobs/look", operator)).status).toBe(200);
      expect(await ask("GET", "/jobs/nobody", operator)).toMatchObject({ status: 404, code: "job_unknown" });
      expect(JSON.parse((await ask("DELETE", "/jobs/look", operator)).text)).toEqual({
        unique_id: "look",
        profile_key: "linux",
        state: "cancelled",
      });
      expect((await ask("DELETE", `/jobs/look?token=${ticket}`)).status, "again").toBe(200);
      expect(await ask("POST", `/take/look?token=${ticket}`)).toMatchObject({ status: 404, code: "job_cancelled" });
    });

    it("knows its methods and its paths", async () => {
      const wrong = await ask("GET", "/take/x");
      expect([wrong.status, wrong.code, wrong.headers.get("allow")]).toEqual([405, "method_not_allowed", "POST"]);
      expect((await ask("PUT", "/jobs/x")).headers.get("allow")).toBe("GET, DELETE");
      expect(await ask("GET", "/nothing/here")).toMatchObject({ status: 404, code: "no_such_route" });
      expect((await ask("GET", "/healthz")).text).toBe("ok\n");
      expect(JSON.parse((await ask("GET", "/version")).text)).toEqual({ version: packageJson.version, api: 1 });
      expect((await ask("GET", "/readyz")).status).toBe(200);
    });

    it("says of every reply that it must not be kept, and of each that holds something that it is what it says it is", async () => {
      const ticket = await enqueueForTicket(service.url, { profile: "gang", uniqueId: "headers" });
      for (const [method, path] of [
        ["GET", "/"],
        ["GET", "/dashboard.json"],
        ["GET", "/dashboard.txt"],
        ["HEAD", "/events"],
        ["GET", "/history.json"],
        ["GET", "/metrics"],
        ["GET", "/healthz"],
        ["GET", "/readyz"],
        ["GET", "/openapi.json"],
        ["GET", "/version"],
        ["GET", "/nothing/here"],
        ["PUT", "/healthz"],
        ["POST", "/take/nobody?token=x"],
        ["POST", `/take/headers?token=${ticket}`],
        ["GET", `/jobs/headers?token=${ticket}`],
        ["DELETE", `/jobs/headers?token=${ticket}`],
        ["POST", "/profile/linux/enqueue"],
        ["POST", "/monitors/nobody/drain"],
      ] as const) {
        const { status, headers, text } = await ask(method, path);
        expect([path, status, headers.get("cache-control")]).toEqual([path, status, "no-store"]);
        if (text !== "") expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      }
    });

    it("describes itself: every route of the OpenAPI exists", async () => {
      const description = JSON.parse((await ask("GET", "/openapi.json")).text) as {
        paths: Record<string, Record<string, unknown>>;
      };
      for (const [path, methods] of Object.entries(description.paths)) {
        for (const method of Object.keys(methods)) {
          if (path === "/events") continue; // never ends; test/http/operators.test.ts reads it
          const reply = await ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "1"));
          expect([path, reply.code]).not.toEqual([path, "no_such_route"]);
          expect([path, reply.code]).not.toEqual([path, "method_not_allowed"]);
        }
      }
    });
  });
}
