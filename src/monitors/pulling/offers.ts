// What a fetch brings: the offers of all profiles that its monitor keeps, and with a key what that
// key accepted before.
import type { PullBook, PullStanding } from "../../dispatch/pull-book.ts";
import type { OperationRunner } from "../../dispatch/running/operation-runner.ts";
import type { PulledLeg } from "../../queue/fleet/pulled-legs.ts";
import { pulledLegsOperation } from "../../queue/operations/pulled/pulled-snapshot.ts";
import type { QueueSettings } from "../../queue/settings.ts";

export interface LegHere {
  readonly profileKey: string;
  readonly leg: PulledLeg;
}

interface Row {
  readonly profileKey: string;
  readonly legs: readonly PulledLeg[];
}

/**
 * The oldest offers first, and no more than the monitor may have in hand at once, over all its
 * profiles. What the key accepted before comes again; what the monitor lists it knows.
 */
export function collectLegs(rows: readonly Row[], key: string | null, maxInflight: number): readonly LegHere[] {
  const all = rows.flatMap(({ profileKey, legs }) => legs.map((leg) => ({ profileKey, leg })));
  const accepted = all.filter(({ leg }) => leg.state === "accepted");
  const again = key === null ? [] : accepted.filter(({ leg }) => leg.key === key);
  if (again.length > 0) return again;
  const offered = all
    .filter(({ leg }) => leg.state === "offered" && leg.isListed !== true)
    .sort((a, b) => a.leg.until - b.leg.until);
  return offered.slice(0, Math.max(0, maxInflight - accepted.length));
}

/** How the monitor stands now, and what is offered to it; null: nothing is known of it any more. */
export async function lookForOffers(
  { book, runner, settings }: { book: PullBook; runner: OperationRunner; settings: QueueSettings },
  monitor: string,
  profiles: readonly string[],
  key: string | null,
): Promise<(PullStanding & { readonly offers: readonly LegHere[] }) | null> {
  const [standing, rows] = await Promise.all([
    book.read(monitor),
    Promise.all(
      profiles.map(async (profileKey) => ({
        profileKey,
        legs: await runner.run(pulledLegsOperation(profileKey, monitor)),
      })),
    ),
  ]);
  return standing === null ? null : { ...standing, offers: collectLegs(rows, key, settings.monitorMaxInflight) };
}
