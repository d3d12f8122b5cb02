// The class of a job: named by a bearer of ours, given by a workflow's verified claims, fixed when
// the job takes its place, and carried by its ticket.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apiToken } from "../support/service.ts";
import { askProblem, repo, runId, startTokenlessQueue, type TokenlessQueue } from "../support/tokenless.ts";

const aud = "https://queue.example";
const policy = `
classes:
  urgent: {weight: 10}
  merge: {match: {event_name: merge_group}}
  main: {match: {ref_protected: true, workflow_ref: servo/servo/*/*/*.yml@refs/heads/main}}
`;
let queue: TokenlessQueue;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rq-classes-"));
  await writeFile(join(folder, "policy.yaml"), policy);
  queue = await startTokenlessQueue((github) => ({
    OIDC_AUDIENCE: aud,
    OIDC_ISSUER: github.url,
    API_TOKENS: `${apiToken},servo/=of-the-servo-owner`,
    POLICY_FILE: join(folder, "policy.yaml"),
    ABANDON_AFTER: "30m",
  }));
});
afterAll(async () => {
  await queue?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Status and code, or the class that the ticket says. */
async function enqueue(bearer: string, uniqueId: string, className?: string, service = queue.service) {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: repo, run_id: runId });
  if (className !== undefined) query.set("class", className);
  const headers = { authorization: `Bearer ${bearer}` };
  const reply = await askProblem(`${service.url}/profile/linux/enqueue?${query}`, { method: "POST", headers });
  return reply.status === 200 ? { ofClass: decodeJwt(reply.text).class } : { status: reply.status, code: reply.code };
}
const tokenWith = (claims: Record<string, unknown>) =>
  queue.github.issueIdToken({ aud, repository: repo, run_id: runId, ...claims });

it("a bearer of ours names a class of the policy, or none", async () => {
  expect(await enqueue(apiToken, "named", "urgent")).toEqual({ ofClass: "urgent" });
  expect(await enqueue("of-the-servo-owner", "named-2", "merge")).toEqual({ ofClass: "merge" });
  expect(await enqueue(apiToken, "plain")).toEqual({ ofClass: undefined });
  const shown = async (uniqueId: string) => {
    const headers = { authorization: `Bearer ${apiToken}` };
    const job = (await (await fetch(`${queue.service.url}/jobs/${uniqueId}`, { headers })).json()) as {
      class: unknown;
    };
    return job.class;
  };
  expect([await shown("named"), await shown("plain")]).toEqual(["urgent", null]);
});

it.each(["unheard-of", "Urgent", "a class", ""])("the class %j is refused in words", async (name) => {
  const code = /^[\w.-]+$/.test(name) ? "class_unknown" : "malformed_parameter";
  expect(await enqueue(apiToken, "refused", name)).toEqual({ status: 400, code });
});

it("the same unique_id with another class is another job's", async () => {
  expect(await enqueue(apiToken, "same", "urgent")).toEqual({ ofClass: "urgent" });
  expect(await enqueue(apiToken, "same", "urgent")).toEqual({ ofClass: "urgent" });
  for (const other of ["merge", undefined]) {
    expect(await enqueue(apiToken, "same", other)).toEqual({ status: 409, code: "id_conflict" });
  }
});

const workflow_ref = "servo/servo/.github/workflows/ci.yml@refs/heads/main";
it.each([
  ["merge", { event_name: "merge_group" }],
  ["main", { event_name: "push", ref_protected: "true", workflow_ref }],
  ["main", { ref_protected: true, workflow_ref }],
  [undefined, { event_name: "push", ref_protected: "false", workflow_ref }],
  [undefined, { ref_protected: "true", workflow_ref: workflow_ref.replace("main", "x@refs/heads/main") }],
  [undefined, { event_name: ["merge_group"], ref_protected: "yes", workflow_ref: 7 }],
])("a workflow is of the class %s by its claims %j", async (ofClass, claims) => {
  const uniqueId = `claims-${Buffer.from(JSON.stringify(claims)).toString("hex").slice(0, 99)}`;
  expect(await enqueue(await tokenWith(claims), uniqueId)).toEqual({ ofClass });
});

it("a workflow whose token would give another class by now keeps its place and its class", async () => {
  expect(await enqueue(await tokenWith({ event_name: "merge_group" }), "kept")).toEqual({ ofClass: "merge" });
  expect(await enqueue(await tokenWith({ event_name: "push" }), "kept")).toEqual({ ofClass: "merge" });
});

it("nobody who proves themself by a token of GitHub's or an artifact names a class", async () => {
  expect(await enqueue(await tokenWith({ event_name: "merge_group" }), "own", "merge")).toEqual({
    status: 400,
    code: "class_not_yours",
  });
  queue.upload("artifact");
  const query = { unique_id: "artifact", qualified_repo: repo, run_id: runId };
  expect(await queue.enqueue({ ...query, class: "urgent" })).toMatchObject({ status: 400, code: "class_not_yours" });
  const proven = await queue.enqueue(query);
  expect([proven.status, decodeJwt(proven.text).class]).toEqual([200, undefined]);
});

it("without POLICY_FILE every class is unknown, and no claims give one", async () => {
  await using plain = await startTokenlessQueue((github) => ({ OIDC_AUDIENCE: aud, OIDC_ISSUER: github.url }));
  expect(await enqueue(apiToken, "a", "urgent", plain.service)).toEqual({ status: 400, code: "class_unknown" });
  const token = await plain.github.issueIdToken({ aud, repository: repo, run_id: runId, event_name: "merge_group" });
  expect(await enqueue(token, "b", undefined, plain.service)).toEqual({ ofClass: undefined });
});
