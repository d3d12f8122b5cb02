// A fetch: a monitor says what it has and what came of its legs, and hears what it is offered. The
// fetch is a read; only an accept assigns. So a lost reply costs a repetition and nothing else: an
// offer is in the store, and whichever instance the monitor asks next offers it again.
//
//   heard --- what it says is written ---> something for it ---> answered
//                                     \--- nothing ---> held --- an offer, a newer fetch, a drain,
//                                                                somebody needs its snapshot,
//                                                                its time is up ---> answered
import type { Clock } from "../../clock.ts";
import type { Heard, PullBook, Reservation } from "../../dispatch/pull-book.ts";
import type { OperationRunner } from "../../dispatch/running/operation-runner.ts";
import type { FetchOutcome, Observe } from "../../queue/events.ts";
import type { ProfileCounts } from "../../queue/fleet/fleet.ts";
import type { ShownRunner } from "../../queue/fleet/monitors.ts";
import { keyRenewedMs, orderOfCall, type PullRecord } from "../../queue/fleet/pull-record.ts";
import { isOpenPulled, type MonitorOrder } from "../../queue/fleet/pulled-legs.ts";
import { hashOf } from "../../queue/hash.ts";
import { type LegParts, nameOfLeg } from "../../queue/job/leg-name.ts";
import { acceptLegOperation } from "../../queue/operations/pulled/accept-leg.ts";
import { pulledHangUpOperation, pulledSnapshotOperation } from "../../queue/operations/pulled/pulled-snapshot.ts";
import { type PulledEnd, settlePulledOperation } from "../../queue/operations/pulled/settle-pulled.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { FetchBody, ListedRunner } from "./fetch-body.ts";
import type { FetchRoom } from "./fetch-room.ts";
import { collectLegs, type LegHere, lookForOffers } from "./offers.ts";
import type { NotePulledNews } from "./pulled-news.ts";

export interface FetchCall {
  readonly monitor: string;
  readonly body: FetchBody;
  readonly waitMs: number;
  /** X-Runner-Request-Key */
  readonly key: string | null;
  /** aborts when the caller hangs up */
  readonly gone: () => AbortSignal;
}

export interface Fetched {
  readonly kind: "fetched";
  readonly offers: readonly LegHere[];
  readonly withdrawn: readonly string[];
  readonly settled: readonly string[];
  readonly isDrained: boolean;
}
export type FetchReply = Fetched | { readonly kind: "superseded" | "in_flight" };

export interface FetchDeps {
  readonly book: PullBook;
  readonly runner: OperationRunner;
  readonly room: FetchRoom;
  readonly settings: QueueSettings;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly observe: Observe;
  readonly noteNews: NotePulledNews;
  /** what it shows of its runners */
  readonly noteRunners: (monitor: string, runners: readonly ShownRunner[]) => void;
}

const nothingOf: ProfileCounts = { idle: 0, healthy: 0, target: 0 };

export function createFetch(deps: FetchDeps): (call: FetchCall) => Promise<FetchReply> {
  const { book, runner, room, settings, clock, newId, observe, noteNews, noteRunners } = deps;
  /** by monitor, whether its last answer from here said that it is drained */
  const toldDrained = new Map<string, string>();

  const settle = async (monitor: string, leg: LegParts, order: MonitorOrder, end: PulledEnd) => {
    const reply = await runner.run(settlePulledOperation({ ...leg, monitor, order, end }));
    noteNews(monitor, leg, reply);
    return reply;
  };

  /** What the fetch says, written down; what there is for it. */
  const report = async (call: FetchCall, { record, pull, drained, isDrained }: Extract<Heard, { kind: "heard" }>) => {
    const { monitor, body, key, waitMs } = call;
    const order = orderOfCall(pull, body.seq);
    const profiles = [...new Set([...body.counts.keys(), ...Object.keys(record.profiles)])];
    const claimsOf = (profileKey: string) =>
      body.listed.flatMap(({ leg }) => (leg?.profileKey === profileKey ? [leg.claimId] : []));
    const rows = await Promise.all(
      profiles.map(async (profileKey) => {
        const snapshot = pulledSnapshotOperation({
          profileKey,
          monitor,
          order,
          counts: body.counts.get(profileKey) ?? nothingOf,
          presentForMs: waitMs + settings.pullPresenceMs,
          listed: claimsOf(profileKey),
          drained,
        });
        return { profileKey, ...(await runner.run(snapshot)) };
      }),
    );
    if (rows.some(({ isOld }) => isOld)) return { isOld: true, profiles, fetched: nothingFor(isDrained), isNews: true };

    const here = new Map(rows.flatMap((row) => row.legs.map((leg) => [nameOfLeg({ ...row, ...leg }), leg] as const)));
    const settledNames = new Set(body.settled.map(({ legName }) => legName));
    const acknowledged = new Set<string>();
    let isNews = body.settled.length > 0;
    const tell = async (name: string, leg: LegParts, end: PulledEnd) => {
      const { kind } = await settle(monitor, leg, order, end);
      if (kind !== "superseded" && kind !== "open") acknowledged.add(name);
    };
    await Promise.all([
      ...body.settled.map(async ({ legName, leg, outcome, runners }) => {
        if (leg === null) acknowledged.add(legName);
        else if (outcome === "taken") await tell(legName, leg, { kind: "taken", runners, isListed: true });
        else await tell(legName, leg, { kind: "refused", isListed: true });
      }),
      ...groupByLeg(body.listed).map(async ([name, listed]) => {
        const known = here.get(name);
        const leg = listed[0]?.leg;
        if (leg === null || leg === undefined || known === undefined || settledNames.has(name)) return;
        const isTheirs = listed.every(({ uniqueId }) => uniqueId.toLowerCase() === known.uniqueId.toLowerCase());
        const runners = listed.flatMap(({ runner }) => runner ?? []);
        if (!isTheirs) return;
        if (known.state === "taken" && runners.length > 0) acknowledged.add(name);
        if (!isOpenPulled(known) || runners.length < known.runners || runners.length < listed.length) return;
        isNews = true;
        await tell(name, leg, { kind: "taken", runners, isListed: true });
      }),
      ...rows.flatMap(({ profileKey, unlisted }) =>
        unlisted
          .filter((leg) => !settledNames.has(nameOfLeg({ profileKey, ...leg })))
          .map(async (leg) => {
            const { kind } = await settle(monitor, { profileKey, ...leg }, order, { kind: "unlisted", key });
            // until its next snapshot the monitor counts as empty
            if (kind === "settled") isNews = true;
          }),
      ),
    ]);
    const withdrawn = body.listed.flatMap(({ legName, runner }) => {
      const known = legName === null ? undefined : here.get(legName);
      const isOver = known === undefined || known.state === "withdrawn" || known.state === "refused";
      return legName !== null && runner === null && isOver && !settledNames.has(legName) ? [legName] : [];
    });
    const offers = isDrained ? [] : collectLegs(rows, key, settings.monitorMaxInflight);
    isNews ||= withdrawn.length > 0;
    const fetched: Fetched = { kind: "fetched", offers, withdrawn, settled: [...acknowledged], isDrained };
    return { isOld: false, profiles, fetched, isNews };
  };

  /** A fetch with a key accepts what it brings. */
  const acceptAll = async (call: FetchCall, pull: PullRecord, fetched: Fetched): Promise<Fetched> => {
    const { key, monitor, body } = call;
    if (key === null) return fetched;
    const accepted = await Promise.all(
      fetched.offers.map(async (offer) => {
        if (offer.leg.state === "accepted") return [offer];
        const command = { ...offer.leg, profileKey: offer.profileKey, monitor, key };
        const reply = await runner.run(acceptLegOperation({ ...command, order: orderOfCall(pull, body.seq) }));
        return reply === "accepted" ? [offer] : [];
      }),
    );
    return { ...fetched, offers: accepted.flat() };
  };

  /** Whether this fetch is the last that the monitor made. */
  const isLast = async ({ monitor, body }: FetchCall): Promise<boolean> => {
    const { pull } = (await book.read(monitor)) ?? {};
    return pull !== undefined && pull.boot === body.boot && pull.seq <= body.seq;
  };

  const hold = async (
    call: FetchCall,
    callId: string,
    pull: PullRecord,
    profiles: readonly string[],
    first: Fetched,
  ) => {
    const { monitor, waitMs, body, key } = call;
    const end = clock.now() + waitMs;
    const place = room.enter(monitor, profiles, call.gone());
    try {
      for (;;) {
        place.reset();
        const found = await lookForOffers(deps, monitor, profiles, key);
        const isNewer = found === null || found.pull.boot !== body.boot || found.pull.seq > body.seq;
        if (isNewer || place.isCalledOff()) return first;
        const isDrained = found.isDrained;
        const offers = isDrained ? [] : found.offers;
        const reply = await acceptAll(call, pull, { ...first, offers, isDrained });
        const isWanted = found.pull.wantedAt >= found.pull.fetchedAt;
        if (reply.offers.length > 0 || isDrained !== first.isDrained || isWanted) return reply;
        const renewAt = key === null ? end : Math.min(end, clock.now() + keyRenewedMs);
        const how = await place.until(renewAt);
        if (how === "time_up" && renewAt < end && !place.isCalledOff()) {
          await book.renewCall(monitor, callId);
          continue;
        }
        if (how === "gone" && (await isLast(call))) {
          for (const profileKey of profiles)
            await runner.run(pulledHangUpOperation(profileKey, monitor, orderOfCall(pull, body.seq)));
        }
        if (how !== "woken") return first;
      }
    } finally {
      place.leave();
    }
  };

  const answer = async (call: FetchCall, callId: string): Promise<FetchReply> => {
    const { monitor, body, waitMs, key } = call;
    const reservations = body.listed.flatMap((one): Reservation[] =>
      one.runner === null ? [] : [reservationOf(one, one.runner)],
    );
    const { boot, seq } = body;
    // a leg that was acknowledged and is still listed: what it lists no more is gone
    const listsAll = body.listed.some(({ leg, runner }) => leg === null && runner !== null);
    const list = JSON.stringify(reservations);
    const said = { boot, seq, waitMs, key, callId, listsAll, reservations: `${list.length}.${hashOf(list)}` };
    const heard = await book.hear(monitor, said, [...body.counts.keys()], reservations);
    if (heard.kind !== "heard") return heard;
    room.replace(monitor);
    const { isOld, profiles, fetched, isNews } = await report(call, heard);
    if (isOld) return fetched;
    noteRunners(
      monitor,
      reservations.map(({ id, isBusy, uniqueId }) => ({ id, isBusy, reservedFor: [uniqueId] })),
    );
    const first = await acceptAll(call, heard.pull, fetched);
    const drainWord = `${boot} ${heard.isDrained}`;
    const isDrainNews = heard.isDrained && toldDrained.get(monitor) !== drainWord;
    toldDrained.set(monitor, drainWord);
    if (waitMs === 0 || isNews || isDrainNews || first.offers.length > 0) return first;
    return await hold(call, callId, heard.pull, profiles, first);
  };

  return async (call) => {
    const callId = newId();
    const note = (outcome: FetchOutcome) => observe({ kind: "fetched", monitor: call.monitor, outcome });
    let reply: FetchReply | null = null;
    try {
      reply = await answer(call, callId);
      note(reply.kind !== "fetched" ? reply.kind : reply.offers.length > 0 ? "offered" : "empty");
      return reply;
    } finally {
      if (call.key !== null && reply?.kind !== "in_flight") await book.endCall(call.monitor, callId);
    }
  };
}

function nothingFor(isDrained: boolean): Fetched {
  return { kind: "fetched", offers: [], withdrawn: [], settled: [], isDrained };
}

function reservationOf({ uniqueId, isBusy }: ListedRunner, { id, body }: { id: string; body: string }): Reservation {
  return { uniqueId: uniqueId.toLowerCase(), id, isBusy, body };
}

function groupByLeg(listed: readonly ListedRunner[]): [string, ListedRunner[]][] {
  const byLeg = new Map<string, ListedRunner[]>();
  for (const one of listed) {
    if (one.legName === null) continue;
    const all = byLeg.get(one.legName);
    if (all === undefined) byLeg.set(one.legName, [one]);
    else all.push(one);
  }
  return [...byLeg];
}
