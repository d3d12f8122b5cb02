// Why a job waited, asked for from the command line and by its own ticket.
import { expect, test } from "vitest";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { documentOf, linesOf, refusalOf } from "../support/queuectl.ts";
import { startService } from "../support/service.ts";

const profile = "linux";

test("why tells a job's wait as a sentence while it waits and after, with the runner's name at GitHub", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 1 } });
  await using queue = await startService({ monitors: [ci0], env: { TOUCH_INTERVAL: "100ms" } });
  await linesOf(queue.url, "drain", "ci0", "--note", "disk");
  const ticket = await enqueueForTicket(queue.url, { profile, uniqueId: "job" });
  await take(queue.url, "job", ticket);
  const [waiting] = await linesOf(queue.url, "why", "job");
  expect(waiting).toMatch(/^job has waited \d+ s(: \d+ s ci0 drained)?\. It is number 1 in line\.$/);
  expect(await documentOf(queue.url, "why", "job")).toMatchObject({
    rule: "fifo",
    reason: "unsatisfiable_now",
    position: 1,
    fifo_position: 1,
    may_still_pass: 0,
    limit: null,
    waits: [{ reason: "unsatisfiable_now", monitor: "ci0", says: "ci0 drained" }],
  });
  await linesOf(queue.url, "resume", "ci0");
  await takeUntilDone(queue.url, "job", ticket);
  const told = await linesOf(queue.url, "why", "job");
  expect(told[0]).toMatch(/^job waited .*; then taken\. It got ci-runner-linux\.\d+@ci0\.$/);
  expect(told.at(-1)).toMatch(/ci0 gave its runner$/);

  const asked = await fetch(`${queue.url}/jobs/job/explain?token=${ticket}`);
  expect([asked.status, ((await asked.json()) as { state: string }).state]).toEqual([200, "taken"]);
  expect((await fetch(`${queue.url}/jobs/job/explain`)).status).toBe(401);
  expect((await fetch(`${queue.url}/jobs/job/explain?token=other`)).status).toBe(403);
  expect(await refusalOf(queue.url, "why", "nobody")).toContain("job_unknown");
});
