// How a simulated monitor behaves when it is well (habits) and how it may fail (faults). Kept apart
// from the monitor so that the rest of this folder can speak of both without importing the monitor
// itself.

/** The defaults are fast, for tests; `realisticHabits` are those of a monitor at work. */
export interface Habits {
  /** How long the monitor's one thread works on a take before it answers. */
  takeMs: number;
  /**
   * After a take that labelled a runner, and after a start: how long it takes to look at everything
   * and draw the dashboard anew. Until then /dashboard.json answers 503 and the thread picks
   * nothing up.
   */
  redrawMs: number;
  /**
   * Draws the dashboard once in this time, so that it shows what was then; 0: it always shows what
   * is now.
   */
  drawEveryMs: number;
  /** A reserved runner that no job picks up is destroyed after this. */
  reservedForMs: number;
  /**
   * Reserved to busy; null: no job ever starts, the runner stays reserved until it is destroyed.
   */
  startsAfterMs: number | null;
  /** Busy to gone. */
  busyForMs: number;
  /** Gone to idle again, as a new runner with a new id, that is shown as starting until then. */
  rebornAfterMs: number;
  /** Whether GET /policy/override exists. */
  overrideRoute: boolean;
  /**
   * A take of one runner is answered as a one-element list. False: as an object, which older
   * monitors did.
   */
  answerAsList: boolean;
  /**
   * How a reservation is shown: by labels, or as a record of its own, as the next version does,
   * which has other labels too.
   */
  reservationForm: ReservationForm;
  /**
   * What waits longer than this to be picked up by the one thread is answered 500 and never worked
   * on.
   */
  lostCallerMs: number;
  /**
   * What the one thread works on for longer than this (and a second more for each runner of
   * `/take/<n>`) is answered 500. When the thread is done it finds nobody to answer, and the
   * monitor goes down.
   */
  answerWithinMs: number;
  /** How long the monitor is away when it goes down by itself. */
  restartMs: number;
}

export const reservationForms = ["label", "record"] as const;
export type ReservationForm = (typeof reservationForms)[number];

/**
 * What a take may come to. Only those that say so label a runner, and these: `tooFew` (one fewer
 * than asked is labelled and answered), `tooMany` (one more), `hugeBody` and `wrongShape` (a take
 * that went well, with an unusable answer).
 */
export const takeFaults = [
  "none",
  "refuseNull",
  "nullButLabelled",
  "hang",
  "hangButLabelled",
  "resetBefore",
  "resetAfterLabel",
  "error500",
  "error500Labelled",
  "garbage",
  "garbageLabelled",
  "hugeBody",
  "unauthorized",
  "notFound",
  "tooFew",
  "tooMany",
  "wrongShape",
] as const;
export type TakeFault = (typeof takeFaults)[number];

/**
 * `badProfile`: one profile's counts are absurd; `badRunner`: one absurd entry among the runners;
 * the rest is fine.
 */
export const dashboardFaults = [
  "none",
  "hang",
  "error500",
  "error503",
  "garbage",
  "reset",
  "badProfile",
  "badRunner",
  "unauthorized",
] as const;
export type DashboardFault = (typeof dashboardFaults)[number];

export interface Faults {
  take: TakeFault;
  /**
   * Every take is answered late by this much; its runner is labelled no later for it, nor is the
   * one thread held up.
   */
  takeDelayMs: number;
  dashboard: DashboardFault;
  /** The take fault applies to this many takes, then goes back to "none"; null: for ever. */
  times: number | null;
}

export const fastHabits: Readonly<Habits> = {
  takeMs: 5,
  redrawMs: 20,
  drawEveryMs: 0,
  reservedForMs: 60_000,
  startsAfterMs: null,
  busyForMs: 2000,
  rebornAfterMs: 500,
  overrideRoute: true,
  answerAsList: true,
  reservationForm: "label",
  lostCallerMs: 10_000,
  answerWithinMs: 10_000,
  restartMs: 200,
};

export const realisticHabits: Readonly<Habits> = {
  ...fastHabits,
  takeMs: 800,
  redrawMs: 3000,
  drawEveryMs: 5000,
  startsAfterMs: 26_000,
  busyForMs: 60_000,
  rebornAfterMs: 20_000,
  restartMs: 3000,
};

export const noFaults: Readonly<Faults> = { take: "none", takeDelayMs: 0, dashboard: "none", times: null };

/** The fault the next take is to suffer; counts it against `times`. */
export function useTakeFault(faults: Faults): TakeFault {
  const fault = faults.times !== null && faults.times <= 0 ? "none" : faults.take;
  if (fault !== "none" && faults.times !== null) faults.times -= 1;
  if (faults.times !== null && faults.times <= 0) {
    faults.take = "none";
    // So that a fault set later, without a word about times, lasts.
    faults.times = null;
  }
  return fault;
}
