// The dashboard as last drawn. It is drawn by the one thread, so while that works on a take the old
// one is shown. A take that labelled a runner throws it away, since it would still call that runner
// idle, and until it is drawn anew there is none. Between takes it is drawn at the thread's pace.
import type { Clock } from "../../src/clock.ts";
import type { Habits } from "./habits-and-faults.ts";
import type { Dashboard } from "./runner-json.ts";

export interface DrawnDashboard {
  takeBegins(): void;
  takeEnds(hasLabelled: boolean): void;
  /** There is none until it is drawn anew. */
  throwAway(): void;
  /** Null: none is drawn, answer 503. */
  show(): Dashboard | null;
  close(): void;
}

export function createDrawnDashboard(clock: Clock, habits: () => Habits, draw: () => Dashboard): DrawnDashboard {
  let drawn: { dashboard: Dashboard; at: number } | null = null;
  let isTakeUnderWay = false;
  let redraw: (() => void) | null = null;

  function stopRedraw(): void {
    redraw?.();
    redraw = null;
  }

  function current(): Dashboard {
    const now = clock.now();
    if (drawn === null || now - drawn.at >= habits().drawEveryMs) drawn = { dashboard: draw(), at: now };
    return drawn.dashboard;
  }

  function throwAway(): void {
    drawn = null;
    stopRedraw();
    const { redrawMs } = habits();
    if (redrawMs === 0) return;
    redraw = clock.after(redrawMs, () => {
      redraw = null;
      // The pace counts from here, not from when somebody next looks.
      current();
    });
  }

  return {
    takeBegins() {
      if (redraw === null) current();
      isTakeUnderWay = true;
    },
    takeEnds(hasLabelled) {
      isTakeUnderWay = false;
      if (hasLabelled) throwAway();
    },
    throwAway() {
      isTakeUnderWay = false;
      throwAway();
    },
    show() {
      if (redraw !== null) return null;
      return isTakeUnderWay && drawn !== null ? drawn.dashboard : current();
    },
    close: stopRedraw,
  };
}
