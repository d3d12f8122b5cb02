// The mark of serving instances: a store's clock that is set is seen by an instance's own, and
// written down once.
import { describe, expect, it } from "vitest";
import { createDocuments } from "../../../src/dispatch/running/documents.ts";
import { createServiceMark } from "../../../src/dispatch/running/service-mark.ts";
import { createEmbeddedStore } from "../../../src/store/embedded/embedded-store.ts";
import { settings } from "../../support/queue-data.ts";

const start = 1_790_000_000_000;

/** A store whose clock can be set, and two instances that have served for a second. */
async function serve() {
  const time = { own: 1_000, setBy: 0 };
  const storeNow = () => start + time.own + time.setBy;
  const documents = createDocuments(createEmbeddedStore(settings, storeNow));
  const breaks: number[] = [];
  const open = () => createServiceMark(documents, settings, (ms) => breaks.push(ms), { now: () => time.own });
  const marks = [open(), open()] as const;
  for (const mark of marks) await mark.renew();
  time.own += 1_000;
  for (const mark of marks) await mark.renew();
  return { time, storeNow, breaks, marks, open, isGood: () => marks[0].isGood(storeNow(), time.own) };
}

describe("an instance", () => {
  it.each([
    { name: "forward by 12 s", byMs: 12_000 },
    { name: "forward by an hour", byMs: 3_600_000 },
    { name: "back by 5 s", byMs: -5_000 },
    { name: "back by an hour", byMs: -3_600_000 },
  ])("sees that the clock was set $name, and time begins anew for everybody", async ({ byMs }) => {
    const { time, storeNow, breaks, marks, isGood } = await serve();
    expect(isGood()).toBe(true);
    time.setBy += byMs;
    time.own += 500;
    expect(isGood()).toBe(false);
    for (const mark of marks) await mark.renew();
    expect(isGood()).toBe(true);
    // once, though both saw it
    expect(breaks).toEqual([byMs + 500]);
    for (const { since, clockSince } of marks) expect([since, clockSince]).toEqual([storeNow(), storeNow()]);
  });

  it.each([
    { name: "85 s in which nobody served", ms: 85_000, isTakenForSet: false },
    { name: "longer, when nothing that was reserved is of use any more", ms: 85_001, isTakenForSet: true },
  ])("tells a silence from a clock that was set, for as long as that matters: $name", async ({ ms, isTakenForSet }) => {
    const { time, storeNow, breaks, marks } = await serve();
    time.own += ms;
    await marks[0].renew();
    expect(breaks).toEqual([ms]);
    expect([marks[0].since, marks[0].clockSince]).toEqual([storeNow(), isTakenForSet ? storeNow() : 0]);
  });

  it("that begins after the clock was set back sees it by the mark of the others", async () => {
    const { time, storeNow, open } = await serve();
    time.setBy -= 60_000;
    const late = open();
    await late.renew();
    expect(late.clockSince).toBe(storeNow());
  });

  it("that slept sees that the clock was set while nobody served, though another had noted a step before", async () => {
    const { time, storeNow, marks } = await serve();
    const [sleeper, other] = marks;
    time.setBy -= 5_000;
    time.own += 500;
    await other.renew();
    time.setBy += 20_000;
    time.own += 30_000;
    await sleeper.renew();
    expect(sleeper.clockSince).toBe(storeNow());
  });

  it("that was paused while it heard of the clock does not take that for a clock that was set", async () => {
    const { time, storeNow, marks, isGood } = await serve();
    const [asked, shown] = [time.own, storeNow()];
    time.own += 9_000;
    expect(marks[0].isGood(shown, asked)).toBe(true);
    expect(isGood()).toBe(true);
  });

  it("learns of a clock that another saw to be set from what that one wrote, and keeps earlier ones apart", async () => {
    const { time, marks } = await serve();
    const [first, second] = marks;
    const clocks = [0];
    for (const byMs of [3_600_000, 90_000]) {
      time.setBy += byMs;
      time.own += 500;
      await second.renew();
      clocks.push(second.clockSince);
      expect(clocks.map((clock) => second.knowsClock(clock))).toEqual(clocks.map(() => true));
      // the first one did not look at its mark meanwhile
      expect(first.knowsClock(second.clockSince)).toBe(false);
      await first.learnClocks([second.clockSince]);
      expect(first.clockSince).toBe(second.clockSince);
      expect(clocks.map((clock) => first.knowsClock(clock))).toEqual(clocks.map(() => true));
    }
  });

  it("that has just begun learns that a clock is of before", async () => {
    const { time, marks, open } = await serve();
    time.setBy += 3_600_000;
    await marks[0].renew();
    const between = marks[0].clockSince;
    time.setBy += 3_600_000;
    for (const mark of marks) await mark.renew();
    const late = open();
    await late.renew();
    expect(late.knowsClock(between)).toBe(false);
    await late.learnClocks([between]);
    expect([late.knowsClock(between), late.clockSince]).toEqual([true, marks[0].clockSince]);
  });
});
