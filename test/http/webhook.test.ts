// The webhook: only what GitHub signed is read, at a cost that we set; what is not about us is
// acknowledged and moves nothing; and a job that GitHub alone knows of gets its runner though
// nobody polls.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { compareWithPublishedEvent } from "../../scripts/simulated-github/published-answers.ts";
import { writeWorkflowJobEvent } from "../../scripts/simulated-github/webhook.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const [secret, nextSecret] = ["webhook-secret-of-the-tests", "the-next-webhook-secret"];
const repo = "servo/servo";
const runId = 77;

const sign = (body: string | Uint8Array, key = secret) =>
  `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;

describe("the webhook", () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({
      name: "ci0",
      token: monitorToken,
      profiles: { linux: 2 },
      habits: { startsAfterMs: null },
    });
    service = await startService({
      monitors: [monitor],
      env: { GITHUB_WEBHOOK_SECRETS: `${secret},${nextSecret}`, ALLOWED_REPOS: "servo/", LOG_LEVEL: "debug" },
    });
  }, 120_000);
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });

  const deliver = async (body: string | Uint8Array, headers: Record<string, string | undefined> = {}) => {
    const all = { "x-github-event": "workflow_job", "x-hub-signature-256": sign(body), ...headers };
    const given = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined);
    const sent = { method: "POST", headers: Object.fromEntries(given), body: Uint8Array.from(Buffer.from(body)) };
    const reply = await fetch(`${service.url}/github/webhook`, sent);
    const text = await reply.text();
    return { status: reply.status, text, code: text === "" ? null : (JSON.parse(text) as { code: string }).code };
  };
  const event = (labels: readonly string[], more: Partial<Parameters<typeof writeWorkflowJobEvent>[0]> = {}) =>
    JSON.stringify(
      writeWorkflowJobEvent({
        repo,
        runId,
        id: 7,
        attempt: 1,
        state: "queued",
        labels,
        createdAt: new Date(),
        ...more,
      }),
    );
  const count = async (outcome: string): Promise<number> => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    const line = text
      .split("\n")
      .find((one) => one.startsWith(`runner_queue_github_deliveries_total{outcome="${outcome}"}`));
    return Number(line?.split(" ")[1]);
  };
  const show = async (uniqueId: string) => {
    const headers = { authorization: `Bearer ${apiToken}` };
    return (await (await fetch(`${service.url}/jobs/${uniqueId}`, { headers })).json()) as Record<string, unknown>;
  };
  const shownAs = async (uniqueId: string, state: string): Promise<Record<string, unknown>> => {
    const look = async () => {
      const job = await show(uniqueId);
      expect(job).toMatchObject({ state });
      return job;
    };
    return await vi.waitFor(look, { timeout: 60_000 });
  };

  it("reads the very events that GitHub publishes", () => {
    for (const state of ["queued", "in_progress", "completed"] as const) {
      const said = writeWorkflowJobEvent({
        repo,
        runId,
        id: 7,
        attempt: 1,
        state,
        labels: ["x"],
        createdAt: new Date(),
      });
      expect(compareWithPublishedEvent(`workflow-job-${state.replace("_", "-")}`, said)).toEqual([]);
    }
  });

  it("refuses what is not signed (401) and what somebody else signed (403), and takes either secret", async () => {
    const body = event(["reserved-for:a"]);
    expect(await deliver(body, { "x-hub-signature-256": undefined })).toMatchObject({
      status: 401,
      code: "signature_missing",
    });
    for (const forged of [sign(body, "not-the-secret"), sign(`${body} `), "sha256=", "sha1=abc", `${sign(body)}00`]) {
      const reply = await deliver(body, { "x-hub-signature-256": forged });
      expect(reply).toMatchObject({ status: 403, code: "signature_wrong" });
    }
    for (const key of [secret, nextSecret]) {
      expect(await deliver(body, { "x-hub-signature-256": sign(body, key) })).toMatchObject({ status: 202, text: "" });
    }
    expect(await count("signature_missing")).toBe(1);
    expect(await count("signature_wrong")).toBe(5);
    const said = service.logLines().filter(({ outcome, level }) => outcome === "signature_wrong" && level === "warn");
    expect(said, "logged once").toHaveLength(1);
  });

  it("refuses more than 1 MiB (413), with and without a length, before it knows whose it is", async () => {
    const huge = "x".repeat(1024 * 1024 + 1);
    expect(await deliver(huge, { "x-hub-signature-256": "sha256=0" })).toMatchObject({
      status: 413,
      code: "delivery_too_large",
    });
    let left = 32;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(64 * 1024));
        else controller.close();
      },
    });
    const sent = { method: "POST", headers: { "x-hub-signature-256": "sha256=0" }, body: stream, duplex: "half" };
    const before = await count("too_large");
    const { status } = await fetch(`${service.url}/github/webhook`, sent as RequestInit);
    expect(status, "2 MiB, and no length is told").toBe(413);
    expect((await deliver(Buffer.alloc(25_000_000), { "x-hub-signature-256": "sha256=0" })).status).toBe(413);
    expect((await count("too_large")) - before).toBe(2);
    const full = Buffer.alloc(1024 * 1024, " ");
    full.write(event(["x"]));
    expect((await deliver(full)).status, "exactly as much").toBe(202);
  });

  it("refuses what is signed and yet no event as GitHub sends it (400)", async () => {
    const good = JSON.parse(event(["reserved-for:a"])) as { workflow_job: Record<string, unknown> };
    const broken = (change: Record<string, unknown>) =>
      JSON.stringify({ ...good, workflow_job: { ...good.workflow_job, ...change } });
    const bodies = [
      "",
      "nonsense",
      event(["x"]).slice(0, 200),
      "[".repeat(100_000),
      "{}",
      "null",
      broken({ id: -1 }),
      broken({ id: 1.5 }),
      broken({ id: 2 ** 60 }),
      broken({ run_attempt: 0 }),
      broken({ labels: "reserved-for:a" }),
      broken({ labels: Array.from({ length: 101 }, () => "x") }),
      broken({ created_at: "yesterday" }),
      JSON.stringify({ ...good, repository: { full_name: "../x" } }),
    ];
    for (const body of bodies)
      expect(await deliver(body), body.slice(0, 80)).toMatchObject({ status: 400, code: "delivery_malformed" });
    expect(await count("malformed")).toBe(bodies.length);
  });

  it("acknowledges other events (204), other repositories and jobs that name none of ours (202), and moves nothing", async () => {
    expect((await deliver("{}", { "x-github-event": "ping" })).status).toBe(204);
    expect((await deliver(event(["x"]).replace('"queued"', '"waiting"'))).status).toBe(204);
    const named = ["self-hosted-image:linux", "reserved-for:never"];
    const unheard: (readonly [string, string])[] = [
      ["other_repository", event(named, { repo: "evil/servo" })],
      ["other_job", event(["self-hosted"])],
      ["other_job", event([...named, "reserved-for:other"])],
      ["other_job", event(["reserved-for:a b", "self-hosted-image:linux"])],
      ["other_job", event(["reserved-for:.."])],
      ["other_job", event([`reserved-for:${"x".repeat(129)}`])],
      ["unknown_job", event(["reserved-for:never"])],
      ["unknown_profile", event(["reserved-for:never", "self-hosted-image:nobody-has-it"])],
      ["too_old", event(named, { createdAt: new Date(Date.now() - 7 * 86_400_000) })],
    ];
    for (const [outcome, body] of unheard) {
      const before = await count(outcome);
      expect(await deliver(body), outcome).toMatchObject({ status: 202, text: "" });
      expect((await count(outcome)) - before, body).toBe(1);
    }
    expect(await show("never")).toMatchObject({ code: "job_unknown" });
  });

  it("leaves a job alone when another run says that it is re-run", async () => {
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "mine" });
    await takeUntilDone(service.url, "mine", ticket);
    const before = await count("other_run");
    await deliver(event(["reserved-for:mine"], { runId: 78, attempt: 2, id: 70 }));
    expect((await count("other_run")) - before).toBe(1);
    expect((await show("mine")).state).toBe("taken");
  });

  it("has counted each bad delivery and logged each kind of them once, and none moved a job", async () => {
    const body = event(["self-hosted-image:linux", "reserved-for:forged"]);
    await deliver(body, { "x-hub-signature-256": sign(body, "not-the-secret") });
    await deliver(body.slice(0, -20));
    await deliver(event(["self-hosted-image:linux", "reserved-for:forged"], { createdAt: new Date(0) }));
    expect(await show("forged")).toMatchObject({ code: "job_unknown" });
    const said = service
      .logLines()
      .filter(({ msg, level }) => String(msg).startsWith("github_delivery") && level === "warn");
    const kinds = [
      "signature_missing",
      "signature_wrong",
      "malformed",
      "too_large",
      "other_run",
      "unknown_profile",
      "too_old",
    ];
    for (const kind of kinds) {
      expect(await count(kind), kind).toBeGreaterThan(0);
      expect(
        said.filter(({ outcome }) => outcome === kind),
        `${kind}, within a minute`,
      ).toHaveLength(1);
    }
  });

  it("gets a re-run its runner, though nobody polls, and the first ticket hears of it", async () => {
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "again" });
    const first = await takeUntilDone(service.url, "again", ticket);
    monitor.freeOne("linux");
    for (let time = 0; time < 2; time++) {
      await deliver(event(["self-hosted", "Reserved-For:AGAIN"], { attempt: 2, id: 71 }));
    }
    expect(await shownAs("again", "taken")).toMatchObject({ generation: 2 });
    const second = await take(service.url, "again", ticket);
    expect(runnerIdsIn(second)).not.toEqual(runnerIdsIn(first));
    expect(monitor.runners().filter(({ reservedFor }) => reservedFor === "again")).toHaveLength(2);
  }, 120_000);

  it("gets a job its runner that only its labels enqueue, and takes it out of line when GitHub has done with it", async () => {
    const labels = (id: string) => ["self-hosted", "self-hosted-image:linux", `reserved-for:${id}`];
    await deliver(event(labels("alone"), { id: 72 }));
    expect(await shownAs("alone", "queued")).toMatchObject({ qualified_repo: repo, run_id: String(runId) });
    await deliver(event(labels("gone"), { id: 73 }));
    await deliver(event(labels("gone"), { id: 73, state: "completed" }));
    expect((await show("gone")).state).toBe("cancelled");
    monitor.freeOne("linux");
    expect(await shownAs("alone", "taken")).toMatchObject({ attempts: 1 });
  }, 120_000);
});

describe("without GITHUB_WEBHOOK_SECRETS", () => {
  it("there is no webhook", async () => {
    const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    await using service = await startService({ monitors: [monitor] });
    expect((await fetch(`${service.url}/github/webhook`, { method: "POST" })).status).toBe(404);
    await monitor.close();
  }, 120_000);
});
