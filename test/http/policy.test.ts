// POST /policy?dry_run=1: an operator sees what another policy would have made of the last hour,
// and nothing changes.
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { policySchemas } from "../../src/http/openapi/policy-operation.ts";
import { enqueueForTicket } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { askProblem } from "../support/tokenless.ts";

let monitor: Awaited<ReturnType<typeof startSimulatedMonitor>>;
let service: RunningService;
beforeAll(async () => {
  monitor = await startSimulatedMonitor({
    name: "ci0",
    token: monitorToken,
    profiles: { linux: 0, macos: 0 },
    habits: { startsAfterMs: null },
  });
  monitor.setTarget("linux", 1);
  service = await startService({
    monitors: [monitor],
    env: { OPERATOR_TOKENS: "operator-token", ABANDON_AFTER: "30m" },
  });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

async function tryPolicy(body: string, { query = "?dry_run=1", bearer = "operator-token" } = {}) {
  const reply = await askProblem(`${service.url}/policy${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/yaml" },
    body,
  });
  return { ...reply, document: reply.status === 200 ? (JSON.parse(reply.text) as unknown) : undefined };
}

it("tells each flow's waits, and how many of those that wait would stand elsewhere", async () => {
  expect((await tryPolicy("{}")).document).toEqual({ profiles: [] });
  for (const [n, repo] of ["o/crowd", "o/crowd", "o/crowd", "o/late"].entries()) {
    await enqueueForTicket(service.url, { profile: "linux", uniqueId: `job-${n}`, repo });
  }
  const { status, document, headers } = await tryPolicy("repositories: {o/late: {weight: 2}}");
  expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
  const waits = { mean_wait_seconds: expect.any(Number), longest_wait_seconds: expect.any(Number) };
  const flow = { class: null, before: waits, after: waits };
  expect(document).toEqual({
    profiles: [
      {
        profile_key: "linux",
        since: expect.stringMatching(/^\d{4}-/),
        jobs: 4,
        waiting: 4,
        moved: 3,
        flows: [
          { ...flow, repository: "o/crowd", weight: 1, matched_rule: "default", jobs: 3, runners: 3 },
          { ...flow, repository: "o/late", weight: 2, matched_rule: "o/late", jobs: 1, runners: 1 },
        ],
      },
    ],
  });
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(policySchemas.PolicyTrial as object);
  expect([validate(document), validate.errors]).toEqual([true, null]);
  expect((await tryPolicy("{}")).document, "nothing has changed").toMatchObject({
    profiles: [{ waiting: 4, moved: 3 }],
  });
});

it("what is no policy is refused with the place and a sentence", async () => {
  expect(await tryPolicy("default: {weight: 0, max_runers: 1}")).toMatchObject({
    status: 400,
    code: "policy_invalid",
    detail: expect.stringMatching(/default\.weight is not a number.*default says "max_runers"/),
  });
  expect(await tryPolicy("")).toMatchObject({ status: 400, code: "policy_invalid" });
  expect(await tryPolicy(`# ${"x".repeat(70_000)}`)).toMatchObject({ status: 413, code: "body_too_large" });
});

it("is an operator's, and never more than a dry run", async () => {
  expect(await tryPolicy("{}", { bearer: apiToken })).toMatchObject({ status: 403, code: "not_an_operator" });
  expect(await tryPolicy("{}", { bearer: "wrong" })).toMatchObject({ status: 403, code: "bearer_unknown" });
  for (const query of ["", "?dry_run=0", "?dry_run=1&really=1"])
    expect(await tryPolicy("{}", { query })).toMatchObject({ status: 400, code: "malformed_parameter" });
});
