// Counts replies by route and class of status, so cheaply that the polled path may be counted too:
// an array look-up, no label is built.

import type { Context } from "hono";
import { BrokenOff } from "../bounded-body.ts";

type Handler = (c: Context) => Promise<Response> | Response;

export interface Tally {
  /** The same handler, counted. */
  count(route: string, handler: Handler): Handler;
  /** Counts replies to a route that is answered without a handler. */
  noteOf(route: string): (status: number) => void;
  /** Replies so far: route, then first digit of the status, then how many. */
  counts(): ReadonlyMap<string, readonly number[]>;
}

export function createTally(): Tally {
  const counts = new Map<string, number[]>();
  const noteOf = (route: string) => {
    const byClass = counts.get(route) ?? [0, 0, 0, 0, 0, 0];
    counts.set(route, byClass);
    return function note(status: number): void {
      const statusClass = Math.floor(status / 100);
      byClass[statusClass] = (byClass[statusClass] ?? 0) + 1;
    };
  };
  return {
    noteOf,
    count: (route, handler) => {
      const note = noteOf(route);
      const answered = (response: Response): Response => {
        note(response.status);
        return response;
      };
      // A handler that throws is answered by the application's onError: 500 or 503, or nobody hears it.
      const failed = (error: unknown): never => {
        note(error instanceof BrokenOff ? 400 : 500);
        throw error;
      };
      return function counted(c) {
        try {
          const response = handler(c);
          return response instanceof Promise ? response.then(answered, failed) : answered(response);
        } catch (error) {
          return failed(error);
        }
      };
    },
    counts: () => counts,
  };
}
