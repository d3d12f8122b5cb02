// Random command sequences: what may come from outside, and what may go wrong, as plain data.
import fc from "fast-check";

export const profiles = ["p0", "p1", "p2"];
export const monitors = ["m0", "m1", "m2", "m3"];
export const ids = Array.from({ length: 20 }, (_, n) => `j${n}`);

/** `pick`: one of the jobs that were enqueued so far. */
export type Command =
  | {
      readonly kind: "enqueue";
      readonly id: number;
      /** an id belongs to one profile; now and then it is asked for in another */
      readonly isElsewhere: boolean;
      readonly count: number;
      readonly isFleetKnown: boolean;
      readonly most?: number | undefined;
    }
  | { readonly kind: "poll"; readonly pick: number; readonly holdMs: number }
  | { readonly kind: "cancel" | "cancel_by_operator" | "hang_up"; readonly pick: number }
  | {
      readonly kind: "settle";
      readonly pick: number;
      readonly leg: number;
      readonly outcome: string;
      readonly given: number;
    }
  | { readonly kind: "evidence"; readonly pick: number; readonly found: number; readonly monitor: string }
  | { readonly kind: "renew"; readonly pick: number; readonly isPresent: boolean }
  | {
      readonly kind: "snapshot";
      readonly monitor: string;
      /** by profile */
      readonly idle: readonly number[];
      readonly target: number;
      readonly ageMs: number;
      readonly news: "snapshot" | "failed" | "redrawing";
    }
  | { readonly kind: "pause"; readonly profile: number; readonly isBegin: boolean; readonly untilMs: number | null }
  | { readonly kind: "drain"; readonly monitor: string; readonly isBegin: boolean; readonly untilMs: number | null }
  | { readonly kind: "take_place" | "free_place"; readonly monitor: string; readonly key: number }
  | {
      readonly kind: "ask_monitor";
      readonly monitor: string;
      readonly by: number;
      readonly holdMs: number;
      readonly isPushed: boolean;
    }
  | { readonly kind: "end_idle_polling"; readonly monitor: string }
  | { readonly kind: "sweep"; readonly profile: number }
  /** time passes while somebody serves */
  | { readonly kind: "wait"; readonly ms: number }
  /** the clock is set, forward or back */
  | { readonly kind: "set_clock"; readonly ms: number }
  /** the store loses its memory, and the instance lives on or dies with it */
  | { readonly kind: "lose"; readonly isRestart: boolean }
  /**
   * what happens to the next commit of a profile: its reply is lost, or the store loses its memory
   * right before it
   */
  | { readonly kind: "trouble"; readonly next: "reply_lost" | "memory_lost"; readonly profile: number };

const pick = fc.nat(19);
const monitor = fc.constantFrom(...monitors);
const profile = fc.nat(profiles.length - 1);
const idle = fc.constantFrom(0, 0, 1, 1, 2, 3, 4);
const allIdle = fc.tuple(idle, idle, idle);
const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const until = fc.constantFrom(null, 3000, 20_000);

const outcomes = [
  ...["taken", "taken", "taken", "unknown", "unknown_silent"],
  ...["unreachable", "rejected", "not_reserved", "no_evidence", "unsent", "undecided"],
];
/**
 * Mostly short, now and then past the next deadline: asleep, abandoned, answer gone, tombstone
 * gone.
 */
const waits = [1, 1, 10, 10, 900, 900, 4000, 4000, 9000, 9000, 9000, 31_000, 46_000, 12_000_000];

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: kind("enqueue"),
      id: fc.nat(ids.length - 1),
      isElsewhere: fc.constantFrom(false, false, false, false, true),
      count: fc.constantFrom(1, 1, 1, 2, 3, 9),
      isFleetKnown: fc.boolean(),
      most: fc.constantFrom(undefined, undefined, 0, 3),
    }),
  },
  { weight: 160, arbitrary: fc.record({ kind: kind("poll"), pick, holdMs: fc.constantFrom(0, 0, 25_000) }) },
  { weight: 15, arbitrary: fc.record({ kind: kind("hang_up"), pick }) },
  {
    weight: 120,
    arbitrary: fc.record({
      kind: kind("settle"),
      pick,
      leg: fc.nat(2),
      outcome: fc.constantFrom(...outcomes),
      given: fc.nat(3),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: kind("evidence"), pick, found: fc.nat(2), monitor }) },
  { weight: 10, arbitrary: fc.record({ kind: kind("renew"), pick, isPresent: fc.boolean() }) },
  {
    weight: 60,
    arbitrary: fc.record({
      kind: kind("snapshot"),
      monitor,
      idle: allIdle,
      target: fc.constantFrom(0, 4, 4, 4),
      ageMs: fc.constantFrom(0, 0, 5, 500),
      news: fc.constantFrom("snapshot" as const, "snapshot" as const, "snapshot" as const, "failed", "redrawing"),
    }),
  },
  { weight: 50, arbitrary: fc.record({ kind: kind("wait"), ms: fc.constantFrom(...waits) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: kind("set_clock"), ms: fc.constantFrom(-50_000, -3000, 60_000, 7_200_000) }),
  },
  { weight: 30, arbitrary: fc.record({ kind: kind("sweep"), profile }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom("cancel" as const, "cancel_by_operator" as const), pick }),
  },
  { weight: 6, arbitrary: fc.record({ kind: kind("pause"), profile, isBegin: fc.boolean(), untilMs: until }) },
  { weight: 6, arbitrary: fc.record({ kind: kind("drain"), monitor, isBegin: fc.boolean(), untilMs: until }) },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constantFrom("take_place" as const, "take_place" as const, "free_place" as const),
      monitor,
      key: fc.nat(3),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: kind("ask_monitor"),
      monitor,
      by: fc.nat(2),
      holdMs: fc.constantFrom(1000, 3000),
      isPushed: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind("end_idle_polling"), monitor }) },
  { weight: 4, arbitrary: fc.record({ kind: kind("lose"), isRestart: fc.boolean() }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: kind("trouble"),
      next: fc.constantFrom("reply_lost" as const, "reply_lost" as const, "memory_lost" as const),
      profile,
    }),
  },
);

/** Sequences begin with a fleet and a line, so that most of them get somewhere. */
export const commands: fc.Arbitrary<Command[]> = fc
  .tuple(
    fc.tuple(
      ...monitors.map((one) =>
        fc.record({
          kind: kind("snapshot"),
          monitor: fc.constant(one),
          idle: allIdle,
          target: fc.constant(4),
          ageMs: fc.constant(0),
          news: kind("snapshot"),
        }),
      ),
    ),
    fc.subarray([...ids.keys()], { maxLength: 12 }).chain((some) =>
      fc.tuple(
        ...some.map((id) =>
          fc.record({
            kind: kind("enqueue"),
            id: fc.constant(id),
            isElsewhere: fc.constant(false),
            count: fc.constantFrom(1, 1, 2, 3, 5),
            isFleetKnown: fc.constant(true),
          }),
        ),
      ),
    ),
    fc.array(anyCommand, { minLength: 5, maxLength: 50 }),
  )
  .map(([fleet, line, rest]) => [...fleet, ...line, ...rest]);
