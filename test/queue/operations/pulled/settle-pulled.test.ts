// Settle, at a monitor that fetches its takes: by its word, by its snapshot, by time. By cases.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../../src/queue/fleet/fleet.ts";
import type { PulledLeg } from "../../../../src/queue/fleet/pulled-legs.ts";
import type { Job, Leg } from "../../../../src/queue/job/job.ts";
import {
  lookAtPulledLegOperation,
  type PulledEnd,
  settlePulledOperation,
} from "../../../../src/queue/operations/pulled/settle-pulled.ts";
import {
  capacityOf,
  claimedJobOf,
  jobOf,
  legOf,
  lostAt,
  now,
  rowOf,
  runnerOf,
  viewOf,
} from "../../../support/queue-data.ts";

const order = { bootAt: now - 9_000, seq: 12 };
const acceptedAt = now - 3_000;
const entryOf = (more: Partial<PulledLeg> = {}): PulledLeg => ({
  claimId: "claim-1",
  uniqueId: "a",
  runners: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  state: "accepted",
  until: now + 100_000,
  order: { ...order, seq: 11 },
  ...more,
});
const accepted = (more: Partial<Leg> = {}): Leg =>
  legOf({ offeredUntil: now - 1_000, acceptedAt, evidenceAfter: acceptedAt, holdUntil: now + 89_000, ...more });
const offered = (offeredUntil = now + 1_000): Leg => legOf({ state: "offered", offeredUntil });
const rowWith = (leg: PulledLeg | null, more: Partial<FleetRow> = {}): FleetRow =>
  rowOf(1, {
    pull: { bootAt: order.bootAt, seq: 10, presentUntil: now + 9_000 },
    pulled: leg === null ? [] : [leg],
    ...more,
  });
const parts = { profileKey: "linux", uniqueId: "a", claimId: "claim-1" };
const viewWith = (row: FleetRow | null, job: Job | null) =>
  viewOf({ a: { job }, capacity: capacityOf(row === null ? {} : { ci0: row }) });
const settle = (row: FleetRow | null, job: Job | null, end: PulledEnd, at = order) =>
  settlePulledOperation({ ...parts, monitor: "ci0", order: at, end }).decide(viewWith(row, job));
const taken = (...ids: string[]): PulledEnd => ({
  kind: "taken",
  runners: ids.map((id) => runnerOf(id)),
  isListed: false,
});
const refused: PulledEnd = { kind: "refused", isListed: false };
const unlisted = (key: string | null = null): PulledEnd => ({ kind: "unlisted", key });
const legIn = (decided: ReturnType<typeof settle>): PulledLeg | undefined =>
  decided.change?.takes?.get("ci0")?.pulled?.[0];

it("reads its job, and who comes next", () => {
  const asked = [
    settlePulledOperation({ ...parts, monitor: "ci0", order, end: refused }),
    lookAtPulledLegOperation(parts, "ci0"),
  ].map(({ name, profileKey, reads }) => ({ name, profileKey, reads }));
  const reads = { jobs: [{ uniqueId: "a", order: null }], front: true, flows: true };
  const expected = { name: "settle", profileKey: "linux", reads };
  expect(asked).toEqual([expected, expected]);
});

const triesIn = (decided: { readonly change?: ReturnType<typeof settle>["change"] }) =>
  decided.change?.jobs?.[0]?.after?.tries;

describe("what a monitor says of its leg", () => {
  it("runners are the job's answer: a list of one, as old as the accept", () => {
    const decided = settle(rowWith(entryOf()), claimedJobOf([accepted()]), taken("7"));
    expect(decided.answer).toMatchObject({
      kind: "settled",
      news: { reply: { kind: "taken", answer: '[{"id":"7"}]', isNew: true }, leaked: [] },
    });
    const after = decided.change?.jobs?.[0]?.after;
    expect(after).toMatchObject({ state: "taken", answerUntil: acceptedAt + 45_000, spentRunners: ["ci0/7"] });
    expect(decided.answer.news?.job).toEqual(after);
    expect(legIn(decided)).toMatchObject({ state: "taken", ids: ["7"], order, until: now + 600_000 });
    expect(legIn(decided)?.isListed).toBeUndefined();
  });

  it("with a snapshot that shows them the leg counts no longer", () => {
    const end: PulledEnd = { kind: "taken", runners: [runnerOf("7")], isListed: true };
    expect(legIn(settle(rowWith(entryOf()), claimedJobOf([accepted()]), end))?.isListed).toBe(true);
  });

  it("several runners of a gang are listed as they are", () => {
    const job = claimedJobOf([accepted({ runners: 2 })], { runnerCount: 2 });
    const { answer } = settle(rowWith(entryOf({ runners: 2 })), job, taken("7", "8"));
    expect(answer.news?.reply).toMatchObject({ kind: "taken", answer: '[{"id":"7"},{"id":"8"}]' });
  });

  it("a refusal brings the job back in line, and counts against it", () => {
    const decided = settle(rowWith(entryOf()), claimedJobOf([accepted()]), refused);
    expect(decided.answer).toMatchObject({ kind: "settled", news: { reply: { kind: "queued" } } });
    expect(decided.change?.jobs?.[0]?.after).toMatchObject({
      state: "queued",
      refusals: 1,
      clearedFor: lostAt,
      tries: [[10, "ci0", "not_reserved", "", 1]],
    });
    expect(legIn(decided)).toMatchObject({ state: "refused", order, ids: [] });
  });

  it("taken without runners is a refusal", () => {
    const decided = settle(rowWith(entryOf()), claimedJobOf([accepted()]), taken());
    expect(legIn(decided)?.state).toBe("refused");
    expect(triesIn(decided)).toEqual([[10, "ci0", "not_reserved", "", 1]]);
  });

  it("an offer may be declined: nobody is to blame", () => {
    const decided = settle(rowWith(entryOf({ state: "offered" })), claimedJobOf([offered()]), refused);
    expect(decided.change?.jobs?.[0]?.after).toMatchObject({ state: "queued", refusals: 0 });
    expect(triesIn(decided)).toEqual([[10, "ci0", "unsent", "declined the offer", 1]]);
  });

  it("of which no snapshot is known counts as well", () => {
    const decided = settle(rowOf(1, { pulled: [entryOf()] }), claimedJobOf([accepted()]), taken("7"));
    expect(decided.answer.kind).toBe("settled");
  });

  it("what it shows as reserved is taken, though its accept was forgotten", () => {
    const decided = settle(rowWith(entryOf({ state: "offered" })), claimedJobOf([offered()]), taken("7"));
    expect(decided.answer.news?.reply.kind).toBe("taken");
  });
});

describe("a snapshot that does not list the leg", () => {
  const job = claimedJobOf([accepted()]);
  it.each([
    { name: "is evidence after the accept", entry: {}, key: null, kind: "settled" },
    { name: "says nothing where it is as old as the accept", entry: { order }, key: null, kind: "open" },
    { name: "says nothing of an offer", entry: { state: "offered" as const }, key: null, kind: "open" },
    {
      name: "says nothing with the key that brought the leg: its reply was lost",
      entry: { key: "k" },
      key: "k",
      kind: "open",
    },
    { name: "is evidence with another key", entry: { key: "k" }, key: "l", kind: "settled" },
    {
      name: "is evidence of a later boot",
      entry: { order: { bootAt: order.bootAt - 1, seq: 99 } },
      key: null,
      kind: "settled",
    },
  ])("$name", ({ entry, key, kind }) => {
    expect(settle(rowWith(entryOf(entry)), job, unlisted(key)).answer.kind).toBe(kind);
  });

  it("costs the job none of its attempts", () => {
    const decided = settle(rowWith(entryOf()), job, unlisted());
    expect(decided.change?.jobs?.[0]?.after).toMatchObject({ state: "queued", refusals: 0 });
    expect(triesIn(decided)).toEqual([[10, "ci0", "no_evidence", "no longer lists the leg", 1]]);
  });
});

describe("nothing moves", () => {
  const job = claimedJobOf([accepted()]);
  const closed = (state: PulledLeg["state"], ids?: string[]) => rowWith(entryOf({ state, ...(ids && { ids }) }));
  it.each([
    { name: "for a monitor that nobody knows", row: null, job, end: taken("7"), kind: "unknown" },
    { name: "for a leg that it never had", row: rowWith(null), job, end: taken("7"), kind: "unknown" },
    {
      name: "for a leg of another job",
      row: rowWith(entryOf({ uniqueId: "b" })),
      job,
      end: taken("7"),
      kind: "unknown",
    },
    { name: "for a monitor that is called", row: rowOf(1), job, end: taken("7"), kind: "unknown" },
    {
      name: "for an earlier claim of the job",
      row: rowWith(entryOf({ claimId: "claim-0" })),
      job,
      end: taken("7"),
      kind: "unknown",
    },
    {
      name: "for a leg of the job that was called",
      row: rowWith(entryOf()),
      job: claimedJobOf([legOf()]),
      end: taken("7"),
      kind: "unknown",
    },
    {
      name: "by as many runners of which one is another",
      row: closed("taken", ["7", "8"]),
      job,
      end: taken("7", "9"),
      kind: "settled_otherwise",
    },
    { name: "by no runners of what was refused", row: closed("refused"), job, end: taken(), kind: "settled" },
    { name: "for a job that is forgotten", row: rowWith(entryOf()), job: null, end: taken("7"), kind: "unknown" },
    { name: "for another claim of the job", row: rowWith(entryOf()), job: jobOf(), end: taken("7"), kind: "unknown" },
    {
      name: "by a boot that was superseded",
      row: rowWith(entryOf(), { pull: { bootAt: order.bootAt + 1, seq: 1, presentUntil: now } }),
      job,
      end: taken("7"),
      kind: "superseded",
    },
    { name: "by the same runners again", row: closed("taken", ["7"]), job, end: taken("7"), kind: "settled" },
    { name: "by other runners", row: closed("taken", ["7"]), job, end: taken("8"), kind: "settled_otherwise" },
    { name: "by fewer runners", row: closed("taken", ["7", "8"]), job, end: taken("7"), kind: "settled_otherwise" },
    {
      name: "by a refusal of what was taken",
      row: closed("taken", ["7"]),
      job,
      end: refused,
      kind: "settled_otherwise",
    },
    { name: "by the same refusal again", row: closed("refused"), job, end: refused, kind: "settled" },
    { name: "by a refusal of what was withdrawn", row: closed("withdrawn"), job, end: refused, kind: "settled" },
  ])("$name: $kind", ({ row, job: read, end, kind }) => {
    expect(settle(row, read, end)).toEqual({ answer: { kind, news: null } });
  });

  it.each(["refused", "withdrawn"] as const)(
    "by runners of what was %s: they are reserved for nobody, and told",
    (state) => {
      const tooLate = ["ci0/7", "ci0/8"];
      expect(settle(closed(state), job, taken("7", "8"))).toEqual({
        answer: { kind: "settled_otherwise", news: null, tooLate },
      });
    },
  );
});

describe("what time does to a leg", () => {
  const look = (row: FleetRow | null, job: Job | null) =>
    lookAtPulledLegOperation(parts, "ci0").decide(viewWith(row, job));

  it.each([
    { job: { state: "taken", answer: "x" }, reply: { kind: "taken", answer: "x", isNew: false } },
    { job: { state: "taken" }, reply: { kind: "taken", answer: "null", isNew: false } },
    { job: { state: "failed" }, reply: { kind: "failed", isNew: false } },
    { job: { state: "cancelled" }, reply: { kind: "over" } },
    { job: { state: "claimed" }, reply: { kind: "open" } },
    { job: { state: "queued" }, reply: { kind: "queued" } },
  ] as const)("a leg that is settled is told with its job: $job", ({ job, reply }) => {
    const { answer, change } = look(rowWith(entryOf()), { ...claimedJobOf([accepted({ state: "refused" })]), ...job });
    expect(answer).toEqual({ reply, leg: "refused", dueAt: null, now, news: null });
    expect(change).toBeUndefined();
  });

  it.each([
    {
      name: "that is accepted, where its job is over",
      row: rowWith(entryOf()),
      job: { ...claimedJobOf([accepted()]), state: "cancelled" as const },
    },
    {
      name: "that is accepted, where its monitor is drained",
      row: rowWith(entryOf(), { drainedAt: 1, drainedUntil: now + 1 }),
      job: claimedJobOf([accepted()]),
    },
    {
      name: "that is offered, where the drain is over",
      row: rowWith(entryOf({ state: "offered" }), { drainedAt: 1, drainedUntil: now }),
      job: claimedJobOf([offered()]),
    },
    { name: "that is offered by a row that nobody knows any more", row: null, job: claimedJobOf([offered()]) },
  ])("a leg is waited for $name", ({ row, job }) => {
    const { answer, change } = look(row, job);
    expect([answer.reply, change]).toEqual([{ kind: "open" }, undefined]);
  });

  it("what nobody has a row of any more is settled for its job alone", () => {
    const { answer, change } = look(null, claimedJobOf([accepted({ holdUntil: now })]));
    expect(answer.news).toEqual({ job: change?.jobs?.[0]?.after, reply: { kind: "queued" }, leaked: [] });
    expect(change?.takes?.size).toBe(0);
  });

  it.each([
    {
      name: "an offer waits until OFFER_TTL",
      job: claimedJobOf([offered(now + 1)]),
      expected: { reply: { kind: "open" }, leg: "offered", dueAt: now + 1 },
    },
    {
      name: "an accepted one as long as evidence is waited for",
      job: claimedJobOf([accepted()]),
      expected: { reply: { kind: "open" }, leg: "accepted", dueAt: now + 89_000 },
    },
    {
      name: "a settled one is told, with how its job stands",
      job: { ...claimedJobOf([accepted({ state: "taken" })]), state: "taken" as const, answer: "x" },
      expected: { reply: { kind: "taken", answer: "x", isNew: false }, leg: "taken", dueAt: null },
    },
    {
      name: "of another claim there is nothing to wait for",
      job: jobOf(),
      expected: { reply: { kind: "over" }, leg: "refused", dueAt: null },
    },
    { name: "of a job that is forgotten neither", job: null, expected: { reply: { kind: "over" }, dueAt: null } },
  ])("$name", ({ job, expected }) => {
    const decided = look(rowWith(entryOf()), job);
    expect(decided.answer).toMatchObject({ ...expected, news: null });
    expect(decided.change).toBeUndefined();
  });

  it("an offer that nobody took on is withdrawn: it costs its job no attempt, and its monitor is left alone a while", () => {
    const decided = look(rowWith(entryOf({ state: "offered" })), claimedJobOf([offered(now)]));
    expect(decided.answer).toMatchObject({ reply: { kind: "queued" }, leg: "refused", dueAt: null });
    expect(decided.change?.jobs?.[0]?.after).toMatchObject({ state: "queued", refusals: 0 });
    expect(legIn(decided as never)).toMatchObject({ state: "withdrawn" });
    expect(decided.change?.takes?.get("ci0")).toMatchObject({ emptyAt: now, refusedJobs: ["a"] });
    expect(triesIn(decided)).toEqual([[10, "ci0", "unreachable", "did not take on the offer", 1]]);
  });

  it.each([
    { name: "its job is over", job: { ...claimedJobOf([offered()]), state: "cancelled" as const }, row: {} },
    { name: "its monitor is drained", job: claimedJobOf([offered()]), row: { drainedAt: 1, drainedUntil: now + 1 } },
  ])("an offer is withdrawn at once where $name, and nobody is to blame", ({ job, row }) => {
    const decided = look(rowWith(entryOf({ state: "offered" }), row), job);
    expect(legIn(decided as never)).toMatchObject({ state: "withdrawn" });
    expect(decided.change?.takes?.get("ci0")).toMatchObject({ refusedJobs: [] });
    expect(triesIn(decided)).toEqual([[10, "ci0", "undecided", "did not take on the offer", 1]]);
  });

  it("a monitor that accepted and fell silent for good is given up", () => {
    const decided = look(rowWith(entryOf()), claimedJobOf([accepted({ holdUntil: now })]));
    expect(decided.answer).toMatchObject({ reply: { kind: "queued" }, dueAt: null });
    expect(legIn(decided as never)).toMatchObject({ state: "refused" });
    expect(triesIn(decided)).toEqual([[10, "ci0", "no_evidence", "accepted, and was not heard of again", 1]]);
  });
});
