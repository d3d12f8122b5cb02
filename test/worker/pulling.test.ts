// A monitor that fetches its takes, at a Worker: the Durable Object holds its fetch, and wakes it.
import { expect, it } from "vitest";
import { enqueueForTicket, runnerIdsIn, takeUntilDone } from "../support/client.ts";
import { createPullingMonitor, type Fetched } from "../support/pulling-monitor.ts";
import { startWorker } from "../support/worker.ts";

it("a job is offered to a fetch that is held, accepted and settled, and its client gets the runner", async () => {
  await using worker = await startWorker({ monitors: "h0=pull" });
  const host = createPullingMonitor("h0");
  expect((await host.fetch(worker.url)).status).toBe(200);
  const held = host.fetch(worker.url, { wait: 20 });
  const ticket = await enqueueForTicket(worker.url, { profile: "linux", uniqueId: "a", repo: "o/r", runId: "1" });
  const answer = takeUntilDone(worker.url, "a", ticket);
  const [offer] = ((await held).body as Fetched).offers;
  expect(offer?.unique_id).toBe("a");
  expect((await host.accept(worker.url, offer?.leg ?? "")).status).toBe(200);
  expect((await host.settle(worker.url, offer?.leg ?? "", "taken", ["r1"])).status).toBe(200);
  expect(runnerIdsIn(await answer)).toEqual(["r1"]);
});
