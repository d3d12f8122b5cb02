// Re-runs, lost starts and detached jobs over the whole service, in a world in which GitHub loses,
// doubles and reorders its events: every job of GitHub's gets one runner, and none gets two. 10,000
// of them: `npm run simulate:reruns`.
import { describe, expect, it } from "vitest";
import { type RerunOptions, type RerunResult, runReruns } from "./rerun-world.ts";

const day = 24 * 3_600_000;
const usual: RerunOptions = {
  seed: 1,
  reruns: 150,
  lost: 0.05,
  doubled: 0.05,
  dead: 0.03,
  late: 0.02,
  crashEveryMs: 0,
  startWatch: "act",
  hasApi: true,
  untilMs: day,
};
const wrongs = ({ unserved, extraRunners, servedTwice, bugs }: RerunResult) => ({
  unserved,
  extraRunners,
  servedTwice,
  bugs,
});
const none = { unserved: [], extraRunners: [], servedTwice: [], bugs: [] };

describe("where GitHub's API can be asked", () => {
  it("every re-run and lost start is served once, though events get lost and instances die", async () => {
    const result = await runReruns({ ...usual, crashEveryMs: 60_000 });
    expect(wrongs(result)).toEqual(none);
    expect(result.reruns).toBeGreaterThanOrEqual(150);
    const { events, crashes, starts } = result;
    expect(Math.min(events.lost, events.doubled, crashes), "and much went wrong").toBeGreaterThan(20);
    expect(starts.lost).toBeGreaterThan(5);
  }, 600_000);

  it("no job that ran is served again, however short it was, and though nobody said that it ran", async () => {
    const result = await runReruns({ ...usual, seed: 5, reruns: 100, lost: 0.5 });
    expect(wrongs(result)).toEqual(none);
    expect(result.starts.lost, "and yet those that were lost are").toBeGreaterThan(5);
  }, 600_000);

  it("a lost reservation is replaced within 90 s of its loss", async () => {
    const { replacedAfterMs } = await runReruns({ ...usual, seed: 2, reruns: 100, lost: 0, dead: 0.2 });
    expect(replacedAfterMs.length).toBeGreaterThan(20);
    expect(Math.max(...replacedAfterMs)).toBeLessThan(90_000);
  }, 600_000);

  it("everything is served without a single event, later; and a run is asked about once a minute, by all together", async () => {
    const result = await runReruns({ ...usual, seed: 3, reruns: 60, lost: 1, dead: 0, late: 0, startWatch: "off" });
    expect(wrongs(result)).toEqual(none);
    const gaps: number[] = [];
    for (const asked of Map.groupBy(result.questions, ({ runId }) => runId).values()) {
      for (const [at, { at: time }] of asked.entries()) if (at > 0) gaps.push(time - (asked[at - 1]?.at ?? 0));
    }
    expect(gaps.length).toBeGreaterThan(50);
    // less what the store and the question took
    expect(Math.min(...gaps)).toBeGreaterThan(59_000);
  }, 600_000);
});

it("without the API what is lost is lost, and the rest is as before", async () => {
  const result = await runReruns({ ...usual, seed: 4, lost: 0.02, hasApi: false, dead: 0, untilMs: 1_800_000 });
  expect(result.bugs).toEqual([]);
  expect(result.unserved.length).toBeGreaterThan(0);
  expect(result.questions).toEqual([]);
}, 600_000);
