// Many enqueues as one change: each sees those before it, and one that stands in the way stops all.
import { describe, expect, it } from "vitest";
import { enqueueTogetherOperation, standsInTheWay } from "../../../src/queue/operations/enqueue-together.ts";
import { capacityOf, jobOf, now, rowOf, settings, ticket, viewOf } from "../../support/queue-data.ts";

const { place: _, ...request } = ticket;
const command = (uniqueId: string, more: object = {}) => ({
  request: { ...request, uniqueId },
  bookedAt: now,
  isFleetKnown: true,
  ...more,
});
const decide = (
  commands: readonly ReturnType<typeof command>[],
  view: Parameters<typeof viewOf>[0] = {},
  all = false,
) => enqueueTogetherOperation("linux", commands, all).decide(viewOf(view));

it("reads its jobs, a place for each, and how many wait", () => {
  const { name, profileKey, reads } = enqueueTogetherOperation("linux", [command("a"), command("b")], false);
  expect([name, profileKey]).toEqual(["enqueue", "linux"]);
  expect(reads).toEqual({
    jobs: [
      { uniqueId: "a", order: null },
      { uniqueId: "b", order: null },
    ],
    places: 2,
    sizes: true,
    flows: true,
  });
});

it("their places follow one another, and all leave the line less room", () => {
  const { answer, change } = decide([command("x"), command("y"), command("z")]);
  expect(answer.isDone).toBe(true);
  expect(answer.replies).toMatchObject([0, 1, 2].map((at) => ({ kind: "accepted", place: now * 1000 + at })));
  expect(change?.jobs?.map(({ after }) => after?.place)).toEqual([0, 1, 2].map((at) => now * 1000 + at));
  expect(change?.history?.map(({ what, id }) => [what, id])).toEqual(["x", "y", "z"].map((id) => ["queued", id]));
  expect(change?.relies).toEqual({ maxWaiting: 97 });
});

it("their parts of a line that is shared follow one another", () => {
  const policy = { default: {}, repositories: [], owners: [], classes: [], monitors: [] };
  const { change } = decide([command("x"), command("y")], { policy, head: { virtualTime: { at: 7_000 }, flows: {} } });
  expect(change?.jobs?.map(({ after }) => after?.share)).toEqual([
    { start: 7_000, end: 8_000 },
    { start: 8_000, end: 9_000 },
  ]);
  expect(change?.head).toEqual({ virtualTime: { at: 7_000 }, flows: { "o/r": { end: 9_000 } } });
});

it("who is in line already keeps their place, and takes no room", () => {
  const a = jobOf();
  const { answer, change } = decide([command("x"), command("a")], { a: { job: a } });
  expect(answer.replies).toMatchObject([{ isNew: true }, { isNew: false, place: a.place }]);
  expect(change?.relies).toEqual({ maxWaiting: 99 });
  const sizes = { line: [{ need: 1, jobs: 1 }], aside: [], claimed: [] };
  const view = { a: { job: a }, sizes, settings: { ...settings, maxQueueDepth: 3 } };
  expect(decide([command("a"), command("x"), command("y")], view).answer.isDone).toBe(true);
  expect(decide([command("a"), command("x"), command("y"), command("z")], view).answer.isDone).toBe(false);
});

it("where all were served already, nothing is written", () => {
  const taken = jobOf({ state: "taken", answer: "[]", answerUntil: now + 1_000, forgetAt: now + 9_000 });
  expect(decide([command("a")], { a: { job: taken } })).toEqual({
    answer: { isDone: true, replies: [expect.objectContaining({ kind: "accepted", isNew: false })] },
  });
});

it("without a limit of the line none is relied on", () => {
  const view = { settings: { ...settings, maxQueueDepth: null } };
  expect(decide([command("x"), command("y")], view).change?.relies).toEqual({ maxWaiting: null });
});

it("each counts those before it: the depth of the line, and what has to come free first", () => {
  const full = { settings: { ...settings, maxQueueDepth: 2 } };
  expect(decide([command("x"), command("y")], full).answer.isDone).toBe(true);
  expect(decide([command("x"), command("y"), command("z")], full)).toEqual({
    answer: { isDone: false, replies: [expect.anything(), expect.anything(), { kind: "full" }] },
  });
  const hurried = ["x", "y", "z"].map((id) => command(id, { maxRunnersBefore: 1 }));
  const view = { capacity: capacityOf({ ci0: rowOf(1) }) };
  expect(decide(hurried, view).answer.replies.map(({ kind }) => kind)).toEqual(["accepted", "accepted", "too_long"]);
  const seen = hurried.map((one) => ({ ...one, bookedAt: 0 }));
  expect(decide(seen, view).answer.replies.map(({ kind }) => kind)).toEqual([
    "booking_too_old",
    "booking_too_old",
    "too_long",
  ]);
});

it("nothing is said of the head where nothing of it changes", () => {
  expect(decide([command("x"), command("y")]).change).not.toHaveProperty("head");
});

it("a silence of all is over once", () => {
  const head = { silence: { silentSince: now - 1_000, heardSince: 0 } };
  expect(decide([command("x"), command("y")], { head }).change?.head).toEqual({
    silence: { silentSince: null, heardSince: now },
  });
});

describe("nothing is written", () => {
  it.each([
    ["accepted", false, false],
    ["full", true, true],
    ["run_full", true, true],
    ["repository_full", true, true],
    ["too_many_remembered", true, true],
    ["fleet_unknown", true, true],
    ["settling", true, true],
    ["booking_too_old", true, true],
    ["conflict", false, true],
    ["id_used", false, true],
    ["unsatisfiable", false, true],
    ["above_limit", false, true],
    ["too_long", false, true],
  ] as const)("where one is %s: %s, and where all or none are wanted: %s", (kind, always, all) => {
    expect([standsInTheWay({ kind }, false), standsInTheWay({ kind }, true)]).toEqual([always, all]);
  });

  it("not even for those that could be in line", () => {
    const large = { ...command("y"), request: { ...request, uniqueId: "y", runnerCount: 99 } };
    expect(decide([command("x"), large], {}, true)).toEqual({
      answer: { isDone: false, replies: [expect.objectContaining({ kind: "accepted" }), expect.anything()] },
    });
    expect(decide([command("x"), large]).change?.jobs).toHaveLength(1);
  });
});
