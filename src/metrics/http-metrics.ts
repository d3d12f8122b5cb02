// Replies by route and class of status, taken over from the tally when somebody asks: the polled
// route counts by an array look-up.
import { Counter, Gauge, type Registry } from "prom-client";

/** Replies so far: route, then first digit of the status, then how many. */
export interface HttpCounts {
  counts(): ReadonlyMap<string, readonly number[]>;
}

export interface HttpMetrics {
  attach(tally: HttpCounts, held: () => number): void;
  refresh(): void;
}

/** Shown even while there is none, so that the first one shows as an increase. */
const usualClasses = new Set([2, 4, 5]);

export function createHttpMetrics(registry: Registry): HttpMetrics {
  let tally: HttpCounts = { counts: () => new Map() };
  const replies = new Counter({
    name: "runner_queue_http_replies_total",
    help: "Replies by route and class of status. Waiting polls are 503, so 5xx of /take is no trouble",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const heldRequests = new Gauge({
    name: "runner_queue_held_requests",
    help: "Takes that are held open at this instance until their job's turn has come",
    registers: [registry],
  });
  let countHeld = () => 0;
  return {
    attach: (given, held) => {
      tally = given;
      countHeld = held;
    },
    refresh: () => {
      heldRequests.set(countHeld());
      replies.reset();
      for (const [methodAndRoute, byClass] of tally.counts()) {
        const [method = "", route = ""] = methodAndRoute.split(" ");
        for (const [statusClass, count] of byClass.entries()) {
          if (count === 0 && !usualClasses.has(statusClass)) continue;
          replies.inc({ method, route, status: `${statusClass}xx` }, count);
        }
      }
    },
  };
}
