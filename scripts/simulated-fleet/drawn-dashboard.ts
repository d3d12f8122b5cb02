// The dashboard as last drawn. While the one thread works on a take nothing is drawn: the old one is shown, or, with the
// habit redrawMs, 503 is answered until that long after the last take. Everything else shows at once.
import type { Habits } from "./habits-and-faults.ts";
import type { Dashboard } from "./runner-json.ts";

export interface DrawnDashboard {
  takeBegins(): void;
  takeEnds(): void;
  /** Null: being drawn anew, answer 503. */
  show(): Dashboard | null;
  close(): void;
}

export function createDrawnDashboard(habits: () => Habits, draw: () => Dashboard): DrawnDashboard {
  let drawnBeforeTake: Dashboard | null = null;
  let takeUnderWay = false;
  let redraw: NodeJS.Timeout | null = null;

  function stopRedraw(): void {
    if (redraw !== null) clearTimeout(redraw);
    redraw = null;
  }

  return {
    takeBegins() {
      drawnBeforeTake = habits().redrawMs > 0 ? null : draw();
      takeUnderWay = true;
    },
    takeEnds() {
      takeUnderWay = false;
      stopRedraw();
      const { redrawMs } = habits();
      if (redrawMs > 0) redraw = setTimeout(stopRedraw, redrawMs);
    },
    show() {
      if (takeUnderWay) return drawnBeforeTake;
      return redraw === null ? draw() : null;
    },
    close: stopRedraw,
  };
}
