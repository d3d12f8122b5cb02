// The operator's command line about all jobs of one run, about the rule by which a job stands where
// it stands, and about putting one to the front.
import { expect, test } from "vitest";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { documentOf, linesOf, refusalOf } from "../support/queuectl.ts";
import { startService } from "../support/service.ts";

const profile = "linux";

test("run shows every job of the run and no other; explain says by which rule and behind whom; expedite passes them, and is told with who and why", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 1 } });
  await using queue = await startService({ monitors: [ci0], env: { ABANDON_AFTER: "10m" } });
  const { url } = queue;
  const first = await enqueueForTicket(url, { profile, uniqueId: "first", runId: "7" });
  await takeUntilDone(url, "first", first);
  await enqueueForTicket(url, { profile, uniqueId: "other", runId: "8" });
  await enqueueForTicket(url, { profile, uniqueId: "second", runId: "7" });

  const [head = "", ...rows] = await linesOf(url, "run", "7");
  expect(head).toMatch(/^JOB +PROFILE +STATE +SINCE +WAITED +REPOSITORY +RUNNERS +DETAILS$/);
  expect(rows).toEqual([
    expect.stringMatching(
      /^first +linux +taken .* servo\/servo +1 +ci-runner-linux\.\d+@ci0$|^first +linux +taken .* ci0\/\d+$/,
    ),
    expect.stringMatching(/^second +linux +queued /),
  ]);
  expect(await documentOf(url, "run", "7")).toMatchObject({
    run_id: "7",
    jobs: [{ state: "taken" }, { state: "queued" }],
  });
  expect(await linesOf(url, "run", "99")).toEqual(["No job of this run, as far as the queue remembers."]);

  const behind = (await linesOf(url, "explain", "second")).join("\n");
  expect(behind).toMatch(/^rule +fifo: one line in order of enqueue$/m);
  expect(behind).toMatch(/^position +2$/m);
  expect(behind).toMatch(/^all flows +1 +1$/m);

  expect(await linesOf(url, "expedite", "second", "--note", "release", "--by", "ann")).toEqual([
    "second is queued at the front of the line of linux, by ann: release",
  ]);
  expect((await linesOf(url, "explain", "second")).join("\n")).toMatch(/^position +1$/m);
  expect((await linesOf(url, "why", "second"))[0]).toMatch(/; put to the front by an operator after \d+ s/);
  expect((await linesOf(url, "run", "7")).at(-1)).toMatch(/^second +linux +queued .* expedited$/);
  const told = (await linesOf(url, "history", "--id", "second")).join("\n");
  expect(told).toMatch(/ expedited +second .* by ann: release$/m);
  expect(await refusalOf(url, "expedite", "nobody", "--note", "x")).toContain("job_unknown");
});
