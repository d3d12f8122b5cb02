// Boots, keys and what a fetch writes down, by cases.
import { describe, expect, it } from "vitest";
import { isHeardFresh, noRecord } from "../../../src/queue/fleet/monitor-record.ts";
import {
  endCall,
  type FetchHeard,
  hearBoot,
  hearFetch,
  orderOfCall,
  type PullRecord,
  renewCall,
} from "../../../src/queue/fleet/pull-record.ts";
import { now } from "../../support/queue-data.ts";

const presenceMs = 10_000;
const pullOf = (more: Partial<PullRecord> = {}): PullRecord => ({
  boot: "b1",
  bootAt: now - 5_000,
  formerBoots: [],
  seq: 7,
  fetchedAt: now - 1_000,
  presentUntil: now + 11_000,
  reservations: "2.x",
  wantedAt: 0,
  ...more,
});
const heardOf = (more: Partial<FetchHeard> = {}): FetchHeard => ({
  boot: "b1",
  seq: 8,
  waitMs: 0,
  reservations: "2.x",
  listsAll: false,
  key: null,
  callId: "call-1",
  ...more,
});

describe("which boot speaks", () => {
  it("the first one that is heard", () => {
    expect(hearBoot(undefined, "b1", now)).toEqual({
      boot: "b1",
      bootAt: now,
      formerBoots: [],
      seq: 0,
      fetchedAt: 0,
      presentUntil: 0,
      reservations: "",
      wantedAt: 0,
    });
  });

  it("the same one goes on as it was", () => {
    const known = pullOf();
    expect(hearBoot(known, "b1", now)).toBe(known);
  });

  it("a new one at once: it is later than the one before whatever the clock says, and counts anew", () => {
    const known = pullOf({ bootAt: now + 50, listsAll: true, inFlight: { key: "k", callId: "c", until: now + 9 } });
    expect(hearBoot(known, "b2", now)).toEqual({
      ...pullOf(),
      boot: "b2",
      bootAt: now + 51,
      formerBoots: ["b1"],
      seq: 0,
    });
  });

  it("none of the last sixteen that were superseded", () => {
    const formerBoots = Array.from({ length: 16 }, (_, at) => `old${at}`);
    const known = pullOf({ formerBoots });
    for (const boot of formerBoots) expect(hearBoot(known, boot, now)).toBeNull();
    expect(hearBoot(known, "b2", now)?.formerBoots).toEqual(["b1", ...formerBoots.slice(0, 15)]);
  });
});

describe("a fetch writes", () => {
  it.each([
    { name: "nothing, where it says nothing new", heard: {}, known: {}, isChanged: false },
    {
      name: "that its monitor is there, after a fifth of its presence",
      heard: {},
      known: { fetchedAt: now - 2_000 },
      isChanged: true,
    },
    { name: "nothing a moment earlier", heard: {}, known: { fetchedAt: now - 1_999 }, isChanged: false },
    { name: "that it is held", heard: { waitMs: 1 }, known: {}, isChanged: true },
    { name: "other reservations", heard: { reservations: "3.y" }, known: {}, isChanged: true },
    {
      name: "other reservations of the same count",
      heard: { reservations: "3.y", seq: 7 },
      known: {},
      isChanged: true,
    },
    { name: "another boot", heard: { boot: "b2", seq: 1 }, known: {}, isChanged: true },
    { name: "nothing of one that came just now", heard: {}, known: { fetchedAt: now }, isChanged: false },
    { name: "nothing of reservations of before", heard: { reservations: "3.y", seq: 6 }, known: {}, isChanged: false },
    { name: "that it lists all", heard: { listsAll: true }, known: {}, isChanged: true },
    { name: "nothing, where that is known", heard: {}, known: { listsAll: true }, isChanged: false },
    { name: "what somebody needs", heard: {}, known: { wantedAt: now - 1_000 }, isChanged: true },
    { name: "nothing for who has it", heard: {}, known: { wantedAt: now - 1_001 }, isChanged: false },
    { name: "its key", heard: { key: "k" }, known: {}, isChanged: true },
    { name: "over a time of before the clock was set back", heard: {}, known: { fetchedAt: now + 1 }, isChanged: true },
  ])("$name", ({ heard, known, isChanged }) => {
    const reply = hearFetch(pullOf(known), heardOf(heard), now, presenceMs);
    expect(reply).toMatchObject({ kind: "heard", isChanged });
    if (!isChanged) expect(reply).toEqual({ kind: "heard", isChanged, pull: pullOf(known) });
  });

  it("its count, its time and what it lists, and until when it is there", () => {
    const reply = hearFetch(
      pullOf(),
      heardOf({ waitMs: 20_000, reservations: "3.y", listsAll: true }),
      now,
      presenceMs,
    );
    expect(reply).toEqual({
      kind: "heard",
      isChanged: true,
      pull: pullOf({ seq: 8, fetchedAt: now, presentUntil: now + 32_000, reservations: "3.y", listsAll: true }),
    });
  });

  it("its time, also where its count is the same", () => {
    const reply = hearFetch(pullOf(), heardOf({ seq: 7, waitMs: 1 }), now, presenceMs);
    expect(reply).toMatchObject({ pull: { seq: 7, fetchedAt: now, presentUntil: now + 12_001 } });
  });

  it("nothing of one that an earlier count says, but that it is held", () => {
    const reply = hearFetch(pullOf(), heardOf({ seq: 6, waitMs: 5_000, reservations: "3.y" }), now, presenceMs);
    expect(reply).toEqual({ kind: "heard", isChanged: true, pull: pullOf() });
  });

  it("nothing of a boot that was superseded", () => {
    const known = pullOf({ formerBoots: ["b0"] });
    expect(hearFetch(known, heardOf({ boot: "b0" }), now, presenceMs)).toEqual({ kind: "superseded" });
  });
});

it("a call is ordered by its boot, then by its count", () => {
  expect(orderOfCall(pullOf(), 9)).toEqual({ bootAt: now - 5_000, seq: 9 });
});

describe("a key has one call at a time", () => {
  const inFlight = { key: "k", callId: "call-0", until: now + 1 };
  it.each([
    { name: "another call with it", heard: { key: "k" }, kind: "in_flight" },
    { name: "the same call", heard: { key: "k", callId: "call-0" }, kind: "heard" },
    { name: "another key", heard: { key: "l" }, kind: "heard" },
    { name: "no key", heard: {}, kind: "heard" },
  ])("$name: $kind", ({ heard, kind }) => {
    expect(hearFetch(pullOf({ inFlight }), heardOf(heard), now, presenceMs)).toMatchObject({ kind });
  });

  it.each([
    { waitMs: 20_000, until: now + 10_000 },
    { waitMs: 4_000, until: now + 9_000 },
  ])("for ten seconds at most after its instance died, whatever its hold: $waitMs ms", ({ waitMs, until }) => {
    const held = hearFetch(pullOf(), heardOf({ key: "k", waitMs }), now, presenceMs);
    expect(held).toMatchObject({ pull: { inFlight: { key: "k", callId: "call-1", until } } });
    const dead = pullOf({ inFlight: { ...inFlight, until: now } });
    expect(hearFetch(dead, heardOf({ key: "k" }), now, presenceMs)).toMatchObject({ kind: "heard" });
  });

  it("as long as the call is held, which renews it", () => {
    expect(renewCall(pullOf({ inFlight }), "call-0", now)?.inFlight).toEqual({ ...inFlight, until: now + 10_000 });
    expect(renewCall(pullOf({ inFlight }), "call-1", now)).toBeNull();
    expect(renewCall(pullOf(), "call-0", now)).toBeNull();
  });

  it("is free once that call has its answer, and no other call frees it", () => {
    expect(endCall(pullOf({ inFlight }), "call-0")).toEqual(pullOf());
    expect(endCall(pullOf({ inFlight }), "call-1")).toBeNull();
    expect(endCall(pullOf(), "call-0")).toBeNull();
  });
});

it.each([
  { name: "called, and answered in time", record: { answeredAt: now - 10_000 }, expected: true },
  { name: "called, and silent", record: { answeredAt: now - 10_001 }, expected: false },
  { name: "called, and never heard of", record: {}, expected: false },
  {
    name: "fetching, and there",
    record: { answeredAt: now - 30_000, pull: pullOf({ presentUntil: now }) },
    expected: true,
  },
  { name: "fetching, and away", record: { answeredAt: now, pull: pullOf({ presentUntil: now - 1 }) }, expected: false },
])("what a monitor said last still counts: $name", ({ record, expected }) => {
  expect(isHeardFresh({ ...noRecord, ...record }, now, 10_000)).toBe(expected);
});
