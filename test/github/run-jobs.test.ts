// Asking GitHub how the jobs of a run stand, over HTTP: what did not change costs nothing, half of
// the hourly budget is left to others, and what GitHub should never say is trouble and no news.
import { describe, expect, it } from "vitest";
import type { GithubFaults, SimulatedGithub } from "../../scripts/simulated-github/github.ts";
import { canAskGithub, connectGithub } from "../../src/github/connection.ts";
import type { QueueEvent } from "../../src/queue/events.ts";
import { githubToken, startGithub } from "../support/github.ts";

const repo = "servo/servo";
const labelsOf = (uniqueId: string) => ["self-hosted", "self-hosted-image:linux", `reserved-for:${uniqueId}`];

async function connect(github: SimulatedGithub, token: string = githubToken, allowed: readonly string[] = ["servo/"]) {
  const events: QueueEvent[] = [];
  const settings = { GITHUB_API_URL: github.url, GITHUB_TOKEN: token, ARTIFACT_PREFIX: "x_", ARTIFACT_MAX_AGE: 1000 };
  const { runs } = await connectGithub(
    { ...settings, ALLOWED_REPOS: allowed },
    () => token,
    (event) => void events.push(event),
  );
  if (runs === undefined) throw new Error("a token is enough to ask");
  return { runs, events };
}

describe("a question about a run", () => {
  it("says how its jobs stand that name one of ours, and by which profile where the repository may", async () => {
    const github = await startGithub();
    const one = github.addJob(repo, "7", { name: "a", status: "queued", labels: labelsOf("a") });
    github.addJob(repo, "7", { name: "b", status: "in_progress", labels: ["self-hosted", "Reserved-For:B"] });
    const other = github.addJob(repo, "7", { name: "lint", status: "completed" });
    const { runs } = await connect(github);
    const reply = await runs.ask(repo, "7", []);
    expect(reply).toMatchObject({
      kind: "jobs",
      named: [
        { uniqueId: "a", profileKey: "linux", job: { id: one, attempt: 1, state: "queued" } },
        { uniqueId: "B", profileKey: null, job: { state: "in_progress" } },
      ],
    });
    expect(reply.kind === "jobs" && reply.ids.has(other)).toBe(true);
    const stranger = await connect(github, githubToken, ["mozilla/"]);
    expect(await stranger.runs.ask(repo, "7", [])).toMatchObject({ named: [{ profileKey: null }, {}] });
    expect(github.violations).toEqual([]);
  });

  it("speaks of the latest attempt only", async () => {
    const github = await startGithub();
    github.addJob(repo, "7", { name: "a", status: "completed", labels: labelsOf("a") });
    github.addJob(repo, "7", { name: "a", status: "queued", attempt: 2, labels: labelsOf("a") });
    const { runs } = await connect(github);
    expect(await runs.ask(repo, "7", [])).toMatchObject({ named: [{ job: { attempt: 2, state: "queued" } }] });
  });

  it("reads all pages of a large run, costs nothing where none changed, and all of them where one did", async () => {
    const github = await startGithub();
    for (let n = 0; n < 120; n++)
      github.addJob(repo, "7", { name: `${n}`, status: "queued", labels: labelsOf(`${n}`) });
    const { runs } = await connect(github);
    const first = await runs.ask(repo, "7", []);
    if (first.kind !== "jobs") throw new Error(first.kind);
    expect([first.named.length, first.ids.size, first.etags.length]).toEqual([120, 120, 3]);
    const { remaining } = github.budget;
    expect(await runs.ask(repo, "7", first.etags)).toEqual({ kind: "unchanged" });
    expect(github.budget.remaining).toBe(remaining);
    github.addJob(repo, "7", { name: "110", status: "completed", labels: labelsOf("110") });
    const again = await runs.ask(repo, "7", first.etags);
    expect(again.kind === "jobs" && again.named.length).toBe(120);
    expect(github.violations).toEqual([]);
  });

  it("leaves half of the hourly budget to others", async () => {
    const github = await startGithub();
    github.addJob(repo, "7", { name: "a", status: "queued", labels: labelsOf("a") });
    Object.assign(github.budget, { limit: 20, remaining: 20 });
    const { runs } = await connect(github);
    const kinds: string[] = [];
    for (let n = 0; n < 15; n++) kinds.push((await runs.ask(repo, "7", [])).kind);
    expect(kinds).toEqual([...Array.from({ length: 10 }, () => "jobs"), ...Array.from({ length: 5 }, () => "sparing")]);
    expect(github.budget.remaining).toBe(10);
  });

  it.each<[string, Record<string, unknown>, Partial<GithubFaults>]>([
    ["a run that is not there", { kind: "missing" }, {}],
    ["a server in trouble", { kind: "trouble", why: "status 502" }, { status: 502 }],
    ["a page of HTML", { kind: "trouble" }, { garbage: true }],
    ["JSON without end", { kind: "trouble" }, { hugeJson: true }],
    ["a reset", { kind: "trouble" }, { reset: true }],
    ["no permission", { kind: "trouble", why: "status 403" }, { deny: "permissions" }],
  ])("tells %s as what it is", async (_, expected, faults) => {
    const github = await startGithub();
    github.addJob(repo, "8", { name: "a", status: "queued", labels: labelsOf("a") });
    Object.assign(github.faults, faults);
    const { runs } = await connect(github);
    expect(await runs.ask(repo, "7", [])).toMatchObject(expected);
  });

  it("backs off as the client does: a secondary limit is not tried again", async () => {
    const github = await startGithub();
    github.addJob(repo, "7", { name: "a", status: "queued", labels: labelsOf("a") });
    Object.assign(github.faults, { secondaryLimit: { retryAfterSeconds: 60 } });
    const { runs } = await connect(github);
    for (let n = 0; n < 5; n++)
      expect(await runs.ask(repo, "7", [])).toMatchObject({ kind: "trouble", why: "rate limit" });
    expect(github.requests).toHaveLength(1);
  });
});

it("needs a token or an App: as nobody, GitHub answers sixty times an hour", () => {
  expect(canAskGithub({ GITHUB_TOKEN: undefined, GITHUB_APP_ID: undefined })).toBe(false);
  expect(canAskGithub({ GITHUB_TOKEN: "t", GITHUB_APP_ID: undefined })).toBe(true);
  expect(canAskGithub({ GITHUB_TOKEN: undefined, GITHUB_APP_ID: "1" })).toBe(true);
});
