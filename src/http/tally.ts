// Counts replies by route and class of status, so cheaply that the polled path may be counted too:
// an array look-up, no label is built.

import type { Context } from "hono";
import { BrokenOff } from "../bounded-body.ts";

type Handler = (c: Context) => Promise<Response> | Response;

export interface Tally {
  /** The same handler, counted. */
  count(route: string, handler: Handler): Handler;
  /** Replies so far: route, then first digit of the status, then how many. */
  counts(): ReadonlyMap<string, readonly number[]>;
}

export function createTally(): Tally {
  const counts = new Map<string, number[]>();
  return {
    count: (route, handler) => {
      const byClass = counts.get(route) ?? [0, 0, 0, 0, 0, 0];
      counts.set(route, byClass);
      const note = (statusClass: number) => {
        byClass[statusClass] = (byClass[statusClass] ?? 0) + 1;
      };
      const answered = (response: Response): Response => {
        note(Math.floor(response.status / 100));
        return response;
      };
      // A handler that throws is answered by the application's onError: 500 or 503, or nobody hears it.
      const failed = (error: unknown): never => {
        note(error instanceof BrokenOff ? 4 : 5);
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
