// The work on one leg, from its offer to the queue's acknowledgement:
//
//   noted ---> accepted ---> (is it still time?) ---> reserved ---> noted ---> settled ---> forgotten
//     \--- not accepted, or too late: forgotten, and nothing is reserved
//
// An agent may die after any of these. What it left open, its next start looks up at the host, once
// the host is quiet. A leg that is in the notes is listed in each fetch; one that is not is evidence
// for the queue that nothing was reserved, and so it is forgotten only where that is certain.
import { type Clock, delay } from "../clock.ts";
import { createBackoff } from "./backoff.ts";
import type { AgentHost, HostList, ReservedRunner, ReserveOutcome } from "./host.ts";
import type { HostWatch } from "./host-watch.ts";
import type { NotedLeg, Notes } from "./notes.ts";
import type { Offer, QueueClient } from "./queue-client.ts";
import { fitRunners, runnersFor } from "./said.ts";
import { startStopwatch } from "./stopwatch.ts";

export interface LegWorkDeps {
  readonly client: QueueClient;
  readonly host: AgentHost;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly say: (words: string) => void;
  readonly nextSeq: () => number;
  readonly watch: HostWatch;
  readonly isWithdrawn: (legName: string) => boolean;
  readonly onSuperseded: () => void;
  /** whether the host did what it was asked for */
  readonly onReserve: (isHostWell: boolean) => void;
  /** what is to be said has changed */
  readonly onChange: () => void;
  /** aborts when nothing more is to be done; what is open stays in the notes */
  readonly stop: AbortSignal;
}

export interface LegWork {
  serve(offer: Offer): Promise<void>;
  /** What became of a leg that is open in the notes: the host is quiet, and lists this. */
  resolve(leg: NotedLeg, list: HostList): NotedLeg | null;
  /** Until the queue has acknowledged what came of it. */
  settle(leg: NotedLeg): Promise<void>;
}

/** Nobody accepts later than this after the first try, whatever the queue would allow. */
const acceptWithinMs = 2_000;

/** After these the queue wants to hear no more of a leg. */
const finalCodes: ReadonlySet<string> = new Set(["leg_settled_otherwise", "leg_unknown"]);
/** After any other "no" of the queue. */
const refusedPauseMs = 2_000;

export function createLegWork(deps: LegWorkDeps): LegWork {
  const { client, host, notes, clock, say, nextSeq, stop } = deps;
  const isNoted = (legName: string) => notes.legs().some(({ leg }) => leg === legName);

  /** Nothing was reserved for it, nor will be: the next fetch does not list it. */
  const forget = (leg: NotedLeg, why: string) => {
    notes.forget(leg.leg);
    say(`${leg.uniqueId}: ${why}: nothing is reserved`);
    deps.onChange();
  };

  const close = (leg: NotedLeg, reserved: readonly ReservedRunner[]): NotedLeg => {
    const closed = { ...leg, reserved: [...reserved] };
    notes.write(closed);
    const ids = reserved.map(({ id }) => id).join(", ");
    say(`${leg.uniqueId}: ${reserved.length > 0 ? `reserved ${ids}` : "reserved nothing"}`);
    deps.onChange();
    return closed;
  };

  /** How much of the time to begin is left, ms; null: it is not ours. */
  const accept = async (leg: NotedLeg): Promise<number | null> => {
    const seq = nextSeq();
    const elapsed = startStopwatch(clock);
    const pause = createBackoff(50, 400);
    for (;;) {
      const reply = await client.accept(leg.leg, seq);
      if (reply.kind === "ok") {
        const leftMs = reply.value.begin_within_ms - elapsed();
        if (leftMs > 0 && !deps.isWithdrawn(leg.leg)) return leftMs;
        forget(
          leg,
          leftMs > 0 ? "the queue took it back" : `accepted, but ${Math.round(-leftMs)} ms too late to begin`,
        );
        return null;
      }
      if (reply.kind === "superseded") {
        deps.onSuperseded();
        return null;
      }
      if (reply.kind === "refused") {
        forget(leg, `not ours any more (${reply.code})`);
        return null;
      }
      if (elapsed() > acceptWithinMs || stop.aborted) {
        forget(leg, `accept got no answer in time (${reply.why})`);
        return null;
      }
      await delay(clock, pause.next());
    }
  };

  const reserve = async (leg: NotedLeg, beginWithinMs: number): Promise<NotedLeg | null> => {
    const { uniqueId, profileKey, runners, qualifiedRepo, runId } = leg;
    const take = { leg: leg.leg, uniqueId, profileKey, runners, qualifiedRepo, runId, beginWithinMs };
    const outcome = await host.reserve(take).catch(
      (error: unknown): ReserveOutcome => ({
        kind: "unknown",
        why: error instanceof Error ? error.message : "it failed",
      }),
    );
    if (outcome.kind === "reserved") {
      deps.onReserve(true);
      return close(leg, outcome.runners);
    }
    if (outcome.kind === "nothing") {
      deps.onReserve(false);
      forget(leg, outcome.why);
      return null;
    }
    say(`${uniqueId}: it is not known what came of it (${outcome.why}): waiting until the host is quiet`);
    await host.quiet(stop);
    const list = await deps.watch.listUntilSaid(stop);
    return close(leg, runnersFor(leg, notes.legs(), list));
  };

  const settle = async (leg: NotedLeg): Promise<void> => {
    const pause = createBackoff(100, 5_000);
    const seq = nextSeq();
    while (!stop.aborted && isNoted(leg.leg)) {
      const reply = await client.settle(leg.leg, seq, fitRunners(leg.reserved ?? []), stop);
      if (reply.kind === "superseded") return deps.onSuperseded();
      // any other "no" is an instance's that does not know us yet, or for people to mend
      const isFinal = reply.kind === "ok" || (reply.kind === "refused" && finalCodes.has(reply.code));
      if (!isFinal) {
        if (reply.kind === "refused") say(`${leg.uniqueId}: the queue does not take what came of it: ${reply.why}`);
        await delay(clock, reply.kind === "refused" ? pause.next(refusedPauseMs) : pause.next(reply.retryAfterMs));
        continue;
      }
      if (reply.kind === "refused") say(`${leg.uniqueId}: the queue has settled it without us (${reply.code})`);
      notes.forget(leg.leg);
      deps.onChange();
    }
  };

  return {
    serve: async (offer) => {
      const before = deps.watch
        .lastList()
        .reservations.filter(({ unique_id }) => unique_id.toLowerCase() === offer.unique_id.toLowerCase());
      const leg: NotedLeg = {
        leg: offer.leg,
        uniqueId: offer.unique_id,
        profileKey: offer.profile_key,
        runners: offer.runners,
        qualifiedRepo: offer.qualified_repo,
        runId: offer.run_id,
        before: before.map(({ id }) => String(id)),
        reserved: null,
      };
      say(`${leg.uniqueId}: offered, ${leg.runners} of ${leg.profileKey}`);
      notes.write(leg);
      const leftMs = await accept(leg);
      if (leftMs === null) return;
      deps.onChange();
      const closed = await reserve(leg, leftMs);
      if (closed !== null) await settle(closed);
    },
    resolve: (leg, list) => {
      const found = runnersFor(leg, notes.legs(), list);
      if (found.length > 0) return close(leg, found);
      forget(leg, "left open by an earlier run");
      return null;
    },
    settle,
  };
}
