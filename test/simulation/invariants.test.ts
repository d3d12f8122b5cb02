// Each promise is broken once, by hand: an invariant that cannot see its own fault proves nothing.
// And a queue that keeps them all is not accused.
import { expect, it } from "vitest";
import { type FleetRow, noSnapshot, noTakes } from "../../src/queue/fleet/fleet.ts";
import type { Job, Ticket } from "../../src/queue/job/job.ts";
import { createJob } from "../../src/queue/job/tombstone.ts";
import type { CommitPart, FleetWrite, HeadWrite } from "../../src/queue/store.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";
import type { Happening, Heard } from "./happening.ts";
import { note, noteEnd } from "./invariants.ts";
import { type PromiseName, promises } from "./promises.ts";
import { createSeen } from "./seen.ts";
import { watchStore } from "./watched-store.ts";

const settings = testSettings();
const start = 1_790_000_000_000;
const limits = { settings, keptForMs: 60_000, servedWithinMs: 10_000, endedWithinMs: 60_000 };

const ticketOf = (uniqueId: string, runnerCount = 1, placeMs = 0): Ticket => {
  const place = (start + placeMs) * 1000;
  return { uniqueId, profileKey: "p", runnerCount, qualifiedRepo: "o/r", runId: "1", place };
};
const [a, b] = [ticketOf("a"), ticketOf("b", 1, 1)];

const enqueued = (ticket: Ticket, atMs = 0): Happening => ({ kind: "enqueued", at: start + atMs, ticket });
const answered = (ticket: Ticket, heard: Heard, atMs: number): Happening => {
  return { kind: "answered", at: start + atMs, askedAt: start + atMs, ticket, heard };
};
const reserved = (runner: string, atMs = 0): Happening => ({
  kind: "reserved",
  at: start + atMs,
  runner,
  uniqueId: "a",
});
const answer = (bytes: string, ...runners: string[]): Heard => ({ kind: "answer", bytes, runners });

interface Written {
  readonly jobs?: readonly Job[];
  readonly rows?: Readonly<Record<string, Partial<FleetRow>>>;
  readonly head?: readonly HeadWrite[];
  readonly isNew?: boolean;
}
let parts = 0;
function committed({ jobs = [], rows = {}, head = [], isNew = false }: Written, atMs = 0): Happening {
  const expected = isNew ? "" : "1";
  const fleet = Object.entries(rows).flatMap(([monitor, row]): FleetWrite[] => [
    { kind: "snapshot", monitor, expected: "", value: { ...noSnapshot, askedAt: start, target: 4, ...row } },
    { kind: "takes", monitor, expected: "", value: { ...noTakes, ...row } },
  ]);
  const no = { rank: null, room: null, maxWaiting: null };
  const nothing = { ...no, history: [], counts: [], raisesRoom: false, isRemembered: false };
  const part: CommitPart = {
    ...nothing,
    id: `part-${++parts}`,
    loadedAt: start + atMs,
    epoch: "0|",
    fleet,
    head,
    jobs: jobs.map((after) => {
      const where = { entryBefore: null, entryAfter: null, dueAt: null, keptForMs: null, hasEnded: false };
      return { uniqueId: after.uniqueId, expected, after, ...where };
    }),
  };
  return { kind: "committed", at: start + atMs, profileKey: "p", part, reach: ["m0", "m1"] };
}

const queued = (ticket: Ticket): Job => createJob(ticket, 0, start, settings);
const legAt = (monitor: string, runners: number, state: "pending" | "taken" = "pending") => {
  return { monitor, runners, state, evidenceAfter: start + 27_000, holdUntil: start + 92_000 };
};
function claimed(ticket: Ticket, monitor: string, more: Partial<Job> = {}): Job {
  const needed = ticket.runnerCount;
  const claim = { id: `claim-${ticket.uniqueId}`, owner: "me", leaseUntil: start + 5000, at: start, needed };
  const legs = [legAt(monitor, needed)];
  return { ...queued(ticket), state: "claimed", isPresent: false, claim: { ...claim, legs }, ...more };
}
const line = committed({ jobs: [queued(a), queued(b)], rows: { m0: { idle: 1 }, m1: { idle: 0 } }, isNew: true });

const histories: readonly [promise: PromiseName, words: string, history: readonly Happening[]][] = [
  ["reservations", "two runners for a job of one", [enqueued(a), reserved("m0/1"), reserved("m1/1")]],
  ["live_runners", "a runner that is nobody's", [enqueued(a), answered(a, answer("[1]", "m0/1"), 5)]],
  [
    "live_runners",
    "a runner that its monitor has destroyed",
    [enqueued(a), reserved("m0/1"), answered(a, answer("[1]", "m0/1"), 60_000)],
  ],
  [
    "one_answer",
    "other bytes",
    [enqueued(a), reserved("m0/1"), ...["[1]", "1"].map((bytes, ms) => answered(a, answer(bytes, "m0/1"), ms))],
  ],
  ["one_answer", "a 503 after a 200", [enqueued(a), answered(a, answer("null"), 1), answered(a, { kind: "wait" }, 2)]],
  [
    "one_answer",
    "a 503 after a 404",
    [enqueued(a), answered(a, { kind: "over" }, 1), answered(a, { kind: "wait" }, 2)],
  ],
  ["order", "a claim past a present job ahead", [line, committed({ jobs: [claimed(b, "m0")] })]],
  [
    "order",
    "a claim past a job that the store takes for absent, and that asked in time",
    [
      committed({ jobs: [{ ...queued(a), isPresent: false }, queued(b)], rows: { m0: { idle: 1 } }, isNew: true }),
      enqueued(a),
      committed({ jobs: [claimed(b, "m0")] }),
    ],
  ],
  ["idle", "a claim where nothing is idle", [line, committed({ jobs: [claimed(a, "m1")] })]],
  [
    "idle",
    "a claim of what another claim holds",
    [line, committed({ jobs: [claimed(a, "m0")] }), committed({ jobs: [claimed(b, "m0")] })],
  ],
  [
    "idle",
    "a claim of what another job took since the snapshot",
    [
      line,
      committed({ jobs: [claimed(a, "m0")] }),
      committed({
        jobs: [
          claimed(a, "m0", {
            state: "taken",
            spentRunners: ["m0/1"],
            claim: { ...claimed(a, "m0").claim!, legs: [legAt("m0", 1, "taken")] },
          }),
        ],
      }),
      committed({ jobs: [claimed(b, "m0")] }),
    ],
  ],
  ["reach", "a claim where its instance cannot send", [line, committed({ jobs: [claimed(a, "m9")] })]],
  [
    "acts",
    "a claim in a pause",
    [
      line,
      committed({ head: [{ part: "paused", before: null, after: { by: "me", note: "", at: start, until: null } }] }),
      committed({ jobs: [claimed(a, "m0")] }),
    ],
  ],
  [
    "acts",
    "a claim at a drained monitor",
    [
      committed({ jobs: [queued(a)], rows: { m0: { idle: 1, drainedUntil: start + 9 } }, isNew: true }),
      committed({ jobs: [claimed(a, "m0")] }),
    ],
  ],
  [
    "one_claim",
    "a second claim while the first is open",
    [
      line,
      committed({ jobs: [claimed(a, "m0")] }),
      committed({ jobs: [claimed(a, "m0", { claim: { ...claimed(a, "m0").claim!, id: "other" } })] }),
    ],
  ],
  ["counted", "a leg that its monitor does not count", [line, committed({ jobs: [claimed(a, "m0")] })]],
  [
    "moves",
    "a job that comes back from its end",
    [committed({ jobs: [{ ...queued(a), state: "failed" }], isNew: true }), committed({ jobs: [queued(a)] })],
  ],
  [
    "hands",
    "a job that is taken without a runner",
    [committed({ jobs: [{ ...queued(a), state: "taken" }], isNew: true })],
  ],
  [
    "heard",
    "a job that asked ten seconds ago",
    [
      line,
      enqueued(a),
      answered(a, { kind: "wait" }, 25_000),
      committed({ jobs: [{ ...queued(a), state: "abandoned" }] }, 35_000),
    ],
  ],
  [
    "heard",
    "a job whose request is held, or was until less than half a minute ago",
    [
      line,
      enqueued(a),
      { kind: "held", at: start, ticket: a },
      committed({ jobs: [{ ...queued(a), state: "abandoned" }] }, 54_000),
    ],
  ],
  [
    "served",
    "the first in line while a runner is idle",
    [
      line,
      enqueued(a),
      ...[1, 6000, 12_000].flatMap((ms): Happening[] => [
        answered(a, { kind: "wait", retryAfterMs: 6000 }, ms),
        { kind: "looked", at: start + ms, profileKey: "p", idle: 1, target: 4 },
      ]),
    ],
  ],
];

for (const [promise, words, history] of histories) {
  it(`the promise "${promises[promise]}" is seen to be broken by ${words}`, () => {
    const seen = createSeen(limits);
    const broken = history.flatMap((happening) => note(seen, happening));
    expect(broken.map((one) => one.promise)).toContain(promise);
  });
}

it("a job that nobody asks for and that never ends is named when the run is over", () => {
  const seen = createSeen(limits);
  for (const happening of [line, enqueued(a)]) note(seen, happening);
  expect(noteEnd(seen, start + 59_000)).toEqual([]);
  expect(noteEnd(seen, start + 61_000)).toMatchObject([{ promise: "ends" }]);
});

it("a queue that serves two jobs in order breaks nothing, and every promise of a commit is looked at", async () => {
  let now = start;
  const seen = createSeen(limits);
  const broken: string[] = [];
  const tell = (happening: Happening) => broken.push(...note(seen, happening).map(({ sentence }) => sentence));
  const reach = ["m0", "m1"];
  const store = watchStore(
    createEmbeddedStore(settings, () => now),
    () => now,
    reach,
    tell,
  );
  const queue = createQueueOver(store, settings);
  await queue.sweep("p");
  const counts = new Map([["p", { idle: 1, target: 4, healthy: 4 }]]);
  const pace = { nextInMs: 1000, idleInMs: 1000 };
  for (const monitor of reach) await queue.finishPoll(monitor, now, { kind: "snapshot", counts }, pace);
  for (const uniqueId of ["a", "b"]) {
    now += 1;
    const request = ticketOf(uniqueId);
    const reply = await queue.enqueue(request);
    const ticket = { ...request, place: reply.kind === "accepted" ? reply.place : 0 };
    tell({ kind: "enqueued", at: now, ticket });
    const polled = await queue.poll(ticket, `claim-${uniqueId}`);
    const claim = polled.kind === "claimed" ? polled.job.claim! : undefined;
    const monitor = claim?.legs[0]?.monitor ?? "";
    tell({ kind: "reserved", at: now, runner: `${monitor}/1`, uniqueId });
    const runner = { monitor, id: "1", body: `{"id":"${uniqueId}"}` };
    const settled = await queue.settle(ticket, {
      claimId: claim?.id ?? null,
      claimedAt: now,
      legs: [{ monitor, state: "taken", runners: [runner] }],
      found: [],
      clearedFor: null,
    });
    expect(settled.reply.kind).toBe("taken");
    tell({ ...answered(ticket, answer(runner.body, `${monitor}/1`), 0), at: now } as Happening);
  }
  expect(broken).toEqual([]);
  const looked = [...seen.looks.keys()].sort();
  const ofCommits: PromiseName[] = ["acts", "counted", "hands", "idle", "moves", "one_claim", "order", "reach"];
  expect(looked).toEqual([...ofCommits, "live_runners", "one_answer", "reservations"].sort());
});
