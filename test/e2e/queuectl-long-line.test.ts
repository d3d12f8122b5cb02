// queuectl looks for jobs in a line of several pages: to its end, or to a bound that it tells.
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderJobs } from "../../scripts/queuectl/paper/render-jobs.ts";
import { loadJobs } from "../../scripts/queuectl/requests/load-jobs.ts";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { documentOf, linesOf } from "../support/queuectl.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

interface Listed {
  readonly profiles: readonly {
    readonly waiting: number;
    readonly not_looked_at?: number;
    readonly jobs: readonly { readonly unique_id: string; readonly qualified_repo: string }[];
  }[];
}

const plain = { token: null, widthCharacters: null, isColoured: false };
const count = 250;
const idOf = (number: number) => `job-${number}-of-many`;
let monitor: SimulatedMonitor;
let service: RunningService;

/** The last one in line is the only one of its repository. */
beforeAll(async () => {
  monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
  service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: "10m" } });
  const headers = { authorization: `Bearer ${apiToken}`, "content-type": "application/json" };
  for (let from = 1; from <= count; from += 100) {
    const jobs = Array.from({ length: Math.min(100, count + 1 - from) }, (_, at) => ({
      unique_id: idOf(from + at),
      profile_key: "linux",
      qualified_repo: from + at === count ? "me/last" : "servo/servo",
    }));
    const body = JSON.stringify({ jobs });
    const reply = await fetch(`${service.url}/runs/${from}/enqueue`, { method: "POST", headers, body });
    expect(reply.status, await reply.text()).toBe(200);
  }
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await monitor?.close();
});

test("jobs finds the only job of a repository at the end of a long line, for people and as JSON", async () => {
  expect(await linesOf(service.url, "jobs", "--repo", "me/last")).toEqual([
    expect.stringMatching(/^PROFILE /),
    expect.stringMatching(/^linux +250 +job-250-of-many +me\/last /),
  ]);
  const { profiles } = await documentOf<Listed>(service.url, "jobs", "--repo", "me/last", "--state", "queued");
  expect(profiles).toMatchObject([{ waiting: 1, not_looked_at: 0, jobs: [{ unique_id: idOf(count) }] }]);
  const ofProfile = await documentOf<Listed>(service.url, "jobs", "--profile", "linux");
  const ids = Array.from({ length: count }, (_, at) => idOf(at + 1));
  expect(ofProfile.profiles[0]?.jobs.map(({ unique_id }) => unique_id)).toEqual(ids);
  const all = await linesOf(service.url, "jobs");
  expect([all.length, all.at(-1)]).toEqual([102, "And 150 more further back."]);
});

test("where its bound is reached, jobs says how many it did not look at", async () => {
  const asked = { name: "jobs", queueUrl: service.url, token: apiToken, json: false, isAll: false } as const;
  const found = await loadJobs({ ...asked, profile: null, repo: "me/last", state: null }, 2);
  expect(found.profiles).toMatchObject([{ waiting: 50, not_looked_at: 50, jobs: [] }]);
  expect(renderJobs(found, { ...asked, repo: "me/last", state: null }, plain)).toEqual([
    "None found.",
    "50 more further back were not looked at.",
  ]);
});

test("a page of a line shows strangers no whole id, and refuses a page that there cannot be", async () => {
  const look = async (query: string) => await fetch(`${service.url}/profiles/linux/jobs${query}`);
  const page = (await (await look("?page=3")).json()) as { jobs: { unique_id: string }[] };
  expect(page).toMatchObject({ unique_ids: "shortened", page: 3, waiting: count });
  expect(page.jobs).toHaveLength(50);
  expect(page.jobs[0]?.unique_id).toBe("job-201-");
  for (const query of ["?page=0", "?page=x", "?page=1001"]) expect((await look(query)).status, query).toBe(400);
});
