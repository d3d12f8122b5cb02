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

  it("takes an hour in which nobody served for that, and not for a clock that was set", async () => {
    const { time, storeNow, breaks, marks } = await serve();
    time.own += 3_600_000;
    await marks[0].renew();
    expect(breaks).toEqual([3_600_000]);
    expect([marks[0].since, marks[0].clockSince]).toEqual([storeNow(), 0]);
  });

  it("that begins after the clock was set back sees it by the mark of the others", async () => {
    const { time, storeNow, open } = await serve();
    time.setBy -= 60_000;
    const late = open();
    await late.renew();
    expect(late.clockSince).toBe(storeNow());
  });

  it("that was paused while it heard of the clock does not take that for a clock that was set", async () => {
    const { time, storeNow, marks, isGood } = await serve();
    const [asked, shown] = [time.own, storeNow()];
    time.own += 9_000;
    expect(marks[0].isGood(shown, asked)).toBe(true);
    expect(isGood()).toBe(true);
  });
});
