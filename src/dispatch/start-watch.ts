// Watches whether jobs start on the runners that were reserved for them. Dashboards that are read
// anyway show who is busy; only where a runner should have had its job long ago are its monitors
// looked at for that, and GitHub is asked where it can be.
import type { Observe } from "../queue/events.ts";
import type { Monitors, ShownRunner } from "../queue/fleet/monitors.ts";
import { type Job, ticketOf } from "../queue/job/job.ts";
import { hasStarted, type SeenRunner, type Start, wasUnused } from "../queue/job/start.ts";
import { beginLookOperation, monitorsOf, watchStartOperation } from "../queue/operations/word/watch-start.ts";
import type { IdBooking } from "./id-booking.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export interface StartWatch {
  /** The runners of these jobs should be busy by now. */
  look(job: Job): Promise<void>;
  /**
   * What a monitor shows of its runners: those that are busy for the first time have started their
   * job.
   */
  noteRunners(monitor: string, runners: readonly ShownRunner[]): void;
}

export interface StartWatchDeps {
  readonly runner: OperationRunner;
  readonly monitors: Pick<Monitors, "readRunners">;
  readonly booking: Pick<IdBooking, "find">;
  readonly observe: Observe;
  /**
   * What GitHub says of the job's run now is heard before this resolves. False: it could not be
   * asked, and what it said before may be old.
   */
  readonly askGithub: (job: Job) => Promise<boolean>;
  /** a job came in line again for which nobody polls */
  readonly look: (profileKey: string) => void;
}

export function createStartWatch({ runner, monitors, booking, observe, askGithub, look }: StartWatchDeps): StartWatch {
  /** by monitor, runners that were busy when last shown */
  const busy = new Map<string, ReadonlySet<string>>();

  const watch = async (profileKey: string, uniqueId: string, seen: readonly SeenRunner[] | null): Promise<void> => {
    const { changed, isServedAgain } = await runner.run(watchStartOperation(profileKey, uniqueId, seen));
    if (changed === null) return;
    noteStart(observe, changed.before, changed.after, isServedAgain);
    if (isServedAgain) look(profileKey);
  };
  /** First the runners, then GitHub: what it says of a job that had none left is no old news. */
  const lookAt = async (job: Job & { readonly start: Start }): Promise<void> => {
    const shown = await Promise.all(
      monitorsOf(job.start).map(async (monitor) => {
        const runners = await monitors.readRunners(monitor);
        return runners?.map(({ id, isBusy }) => ({ name: `${monitor}/${id}`, isBusy })) ?? null;
      }),
    );
    const seen = shown.flatMap((runners) => runners ?? []);
    const isCertain = hasStarted(job.start, seen) || (!shown.includes(null) && (await askGithub(job)));
    await watch(job.profileKey, job.uniqueId, isCertain ? seen : null);
  };

  return {
    look: async ({ profileKey, uniqueId }) => {
      try {
        const job = await runner.run(beginLookOperation(profileKey, uniqueId));
        if (job !== null) await lookAt(job);
      } catch (error) {
        observe({ kind: "trouble", where: "start_watch", profileKey, error });
      }
    },
    noteRunners: (monitor, runners) => {
      const before = busy.get(monitor) ?? new Set();
      const now = runners.filter(({ isBusy, reservedFor }) => isBusy && reservedFor.length === 1);
      busy.set(monitor, new Set(now.map(({ id }) => id)));
      for (const { id, reservedFor } of now) {
        if (before.has(id)) continue;
        const started = async () => {
          const booked = await booking.find(reservedFor[0] ?? "");
          if (booked !== null)
            await watch(booked.profileKey, booked.uniqueId, [{ name: `${monitor}/${id}`, isBusy: true }]);
        };
        started().catch((error: unknown) => observe({ kind: "trouble", where: "start_watch", error }));
      }
    },
  };
}

/** Tells what became of a reservation, where something did. */
export function noteStart(observe: Observe, before: Job, after: Job, isServedAgain = false): void {
  const [was, is] = [before.start, isServedAgain ? before.start : after.start];
  if (was === undefined || is === undefined) return;
  if (isServedAgain || is.state === "lost") {
    if (was.state !== "lost")
      observe({ kind: "start_lost", job: ticketOf(before), runners: was.runners, isServedAgain });
    return;
  }
  if (is.state === was.state) return;
  if (is.state === "started") observe({ kind: "started", job: ticketOf(after), tookMs: is.since - is.reservedAt });
  else if (wasUnused(was.state, is.state))
    observe({ kind: "reservation_unused", job: ticketOf(after), runners: is.runners });
}
