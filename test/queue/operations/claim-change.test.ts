// What a poll that wins writes, where a monitor fetches its takes. The rest is in poll.test.ts.
import { expect, it } from "vitest";
import { claimFor } from "../../../src/queue/operations/claim-change.ts";
import { capacityOf, jobOf, now, rowOf, viewOf } from "../../support/queue-data.ts";

const pulls = rowOf(1, { pull: { bootAt: 1, seq: 1, presentUntil: now + 9_000 } });
const hold = { holdMs: 0, holder: "" };
const claim = (monitors: readonly string[]) => {
  const view = viewOf({ capacity: capacityOf({ ci0: rowOf(1), pulls }) });
  const legs = monitors.map((monitor) => ({ monitor, runners: 1 }));
  const job = jobOf({ runnerCount: monitors.length });
  return claimFor({ claimId: "new", hold }, view, job, job, legs, 0, false);
};

it("a monitor that fetches is offered its leg, and a fetch that it holds is answered", () => {
  const { job, takes, wake } = claim(["pulls", "ci0"]);
  expect(job.claim?.legs).toMatchObject([
    { monitor: "pulls", state: "offered", offeredUntil: now + 5_000 },
    { monitor: "ci0", state: "pending" },
  ]);
  expect(takes?.get("pulls")).toMatchObject({ out: [], pulled: [{ claimId: "new", state: "offered" }] });
  expect(takes?.get("ci0")?.out).toHaveLength(1);
  expect(wake).toEqual(["@pulls"]);
});

it("where all are called nobody is woken", () => {
  expect(claim(["ci0"])).not.toHaveProperty("wake");
});
