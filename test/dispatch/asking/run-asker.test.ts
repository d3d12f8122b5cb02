// Asking GitHub about a run: who shares a question, what is kept of its answer, and what it means
// that GitHub knows a run or a job no more.
import { expect, it } from "vitest";
import { createRunAsker } from "../../../src/dispatch/asking/run-asker.ts";
import { createDocuments } from "../../../src/dispatch/running/documents.ts";
import type { QueueEvent } from "../../../src/queue/events.ts";
import type { NamedRunJob, RunReply } from "../../../src/queue/github-runs.ts";
import type { GithubState } from "../../../src/queue/job/github-word.ts";
import { describeOnStores, openQueue, profileKey } from "../../support/hand-clock.ts";

const minute = 60_000;
const said = (uniqueId: string, id: number, state: GithubState, profile: string | null = profileKey): NamedRunJob => ({
  uniqueId,
  profileKey: profile,
  job: { id, attempt: 1, state },
  createdAt: 1_790_000_000_000,
});
const listing = (named: readonly NamedRunJob[], etag = "v1"): RunReply => ({
  kind: "jobs",
  named,
  ids: new Set(named.map(({ job }) => job.id)),
  etags: [etag],
});

describeOnStores("a question about a run", (open) => {
  /** A queue in which the detached job "x" waits; `reply` is what GitHub's API says next. */
  async function openAsker() {
    const served = await openQueue(open);
    await served.showFleet({ ci0: 0 });
    const news = { uniqueId: "x", profileKey, qualifiedRepo: "o/r", runId: "1", createdAt: served.clock.now };
    expect(await served.queue.hear({ ...news, job: { id: 7, attempt: 1, state: "queued" } })).toBe("enqueued");
    const asked: (readonly string[])[] = [];
    const events: QueueEvent[] = [];
    let waiting: (() => void)[] = [];
    const github = { reply: listing([said("x", 7, "queued")]) as RunReply, isSlow: false };
    const runs = {
      ask: async (_: string, __: string, etags: readonly string[]) => {
        asked.push(etags);
        if (github.isSlow) await new Promise<void>((resolve) => void waiting.push(resolve));
        return github.reply;
      },
    };
    const documents = createDocuments(served.queue.store);
    const asker = createRunAsker(runs, documents, served.queue, (event) => void events.push(event));
    const job = async (uniqueId = "x") => {
      const found = await served.inspect(uniqueId);
      if (found.kind !== "job") throw new Error(found.kind);
      return found.job;
    };
    return {
      served,
      asker,
      asked,
      events,
      github,
      job,
      ask: async () => await asker.ask([await job()]),
      answerAll: () => {
        for (const resolve of waiting) resolve();
        waiting = [];
      },
      pass: async (ms: number) => {
        served.clock.now += ms;
        await served.showFleet({ ci0: 0 });
        await served.queue.renewMark();
      },
    };
  }

  it("ends a job whose `completed` was lost, and finds one whose `queued` was", async () => {
    const { ask, github, job } = await openAsker();
    github.reply = listing([said("x", 7, "completed"), said("y", 8, "queued")]);
    expect(await ask()).toBe("answered");
    expect((await job()).state).toBe("cancelled");
    expect(await job("y")).toMatchObject({ state: "queued", detached: "queued" });
  });

  it("is not asked again within a minute, by whatever instance, and then by the ETags of the last answer", async () => {
    const { ask, asked, github, pass } = await openAsker();
    await ask();
    expect(await ask()).toBe("too_soon");
    await pass(minute);
    github.reply = { kind: "unchanged" };
    expect(await ask()).toBe("unchanged");
    expect(asked).toEqual([[], ["v1"]]);
  });

  it("forgets the ETags of an answer that could not all be heard", async () => {
    const { ask, asked, github, pass } = await openAsker();
    github.reply = listing([said("x", 7, "queued"), said("z", 9, "queued", "nobody-has-it")]);
    await ask();
    await pass(minute);
    await ask();
    expect(asked).toEqual([[], []]);
  });

  it("that GitHub never showed us leaves its jobs to its events; one that it showed and finds no more is over", async () => {
    const { ask, github, job, pass } = await openAsker();
    github.reply = { kind: "missing" };
    await pass(11 * minute);
    expect(await ask()).toBe("not_visible");
    expect((await job()).state).toBe("queued");
    github.reply = listing([said("x", 7, "queued")]);
    await pass(minute);
    await ask();
    github.reply = { kind: "missing" };
    await pass(minute);
    expect(await ask()).toBe("answered");
    expect((await job()).state).toBe("cancelled");
  });

  it("ends a job that GitHub lists no more, but not in the ten minutes in which its lists may be late", async () => {
    const { ask, asked, github, job, pass } = await openAsker();
    github.reply = listing([said("other", 8, "in_progress", null)]);
    await ask();
    expect((await job()).state).toBe("queued");
    await pass(11 * minute);
    await ask();
    expect(asked.at(-1), "a list that did not change would not say it").toEqual([]);
    expect((await job()).state).toBe("cancelled");
  });

  it("says what stood in the way, and leaves everything as it is", async () => {
    const { ask, github, job, pass, events } = await openAsker();
    for (const [reply, outcome] of [
      [{ kind: "trouble", why: "status 502" }, "trouble"],
      [{ kind: "sparing" }, "sparing"],
    ] as const) {
      github.reply = reply;
      expect(await ask()).toBe(outcome);
      await pass(minute);
    }
    expect((await job()).state).toBe("queued");
    expect(events.filter(({ kind }) => kind === "github_trouble")).toEqual([
      { kind: "github_trouble", why: "status 502" },
    ]);
  });

  it("that has to be new is shared by all who want it while another one is under way", async () => {
    const { asker, asked, github, job, answerAll } = await openAsker();
    github.isSlow = true;
    const one = await job();
    const first = asker.askAnew(one);
    const others = [asker.askAnew(one), asker.askAnew(one), asker.askAnew(one)];
    await expect.poll(() => asked.length).toBe(1);
    answerAll();
    expect(await first).toBe("answered");
    await expect.poll(() => asked.length).toBe(2);
    answerAll();
    expect(await Promise.all(others)).toEqual(["answered", "answered", "answered"]);
    expect(asked).toHaveLength(2);
  });
});
