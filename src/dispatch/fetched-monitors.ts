// Monitors of both kinds behind one interface. A monitor that fetches is never called: what it lists
// as reserved is its evidence, from a fetch that came late enough.
import { type Clock, delay } from "../clock.ts";
import type { Monitors, ShownRunner } from "../queue/fleet/monitors.ts";
import type { Evidence } from "../queue/job/evidence.ts";
import type { HeldRunner } from "../queue/job/job.ts";
import type { PullBook, Reservation } from "./pull-book.ts";

/** Between two looks whether a monitor has fetched, ms. */
const lookEveryMs = 250;

/** @param fetching names of those that fetch; a reload may change them */
export function joinMonitors(
  called: Monitors,
  fetching: { readonly names: readonly string[] },
  book: PullBook,
  clock: Clock,
): Monitors {
  const isFetching = (monitor: string) => fetching.names.includes(monitor);

  const readEvidence: Monitors["readEvidence"] = async (monitor, uniqueId, { after, until }, runnerCount) => {
    await delay(clock, Math.min(after, until) - clock.now());
    await book.want(monitor);
    while (clock.now() < until) {
      const standing = await book.read(monitor);
      // on the clock of this process
      const fetchedAt = standing === null ? 0 : clock.now() - (standing.now - standing.pull.fetchedAt);
      if (standing !== null && fetchedAt >= after) {
        return shownFor(await book.readReservations(monitor), monitor, uniqueId, runnerCount);
      }
      await delay(clock, Math.min(lookEveryMs, until - clock.now()));
    }
    return { kind: "none" };
  };

  return {
    get names() {
      return [...called.names, ...fetching.names];
    },
    knows: (monitor) => called.knows(monitor) || isFetching(monitor),
    fetches: isFetching,
    take: (request) => called.take(request),
    readEvidence: (monitor, ...rest) =>
      isFetching(monitor) ? readEvidence(monitor, ...rest) : called.readEvidence(monitor, ...rest),
    readRunners: async (monitor) => {
      if (!isFetching(monitor)) return await called.readRunners(monitor);
      const standing = await book.read(monitor);
      // one that lists only what is not acknowledged does not say who is gone
      if (standing?.pull.listsAll !== true) return null;
      return (await book.readReservations(monitor)).map(
        ({ id, isBusy, uniqueId }): ShownRunner => ({ id, isBusy, reservedFor: [uniqueId] }),
      );
    },
  };
}

function shownFor(
  reservations: readonly Reservation[],
  monitor: string,
  uniqueId: string,
  runnerCount: number,
): Evidence {
  const wanted = uniqueId.toLowerCase();
  const mine = reservations.filter((one) => one.uniqueId === wanted);
  const isShared = ({ id }: Reservation) => reservations.some((one) => one.id === id && one.uniqueId !== wanted);
  const runners = mine
    .filter((one) => !isShared(one))
    .map(({ id, body }): HeldRunner => ({ monitor, id, body: runnerCount === 1 ? `[${body}]` : body }));
  return { kind: "seen", runners, ambiguous: mine.filter(isShared).map(({ id }) => id) };
}
