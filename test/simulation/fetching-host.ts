// A host behind NAT in the simulated world: it has the runners of any host, is called by nobody, and
// fetches its takes as docs/monitors.md says. Its notes survive its process; what it was told does
// not.
//
//   offered ---> noted ---> accepted in time ---> reserved ---> settled, until that is acknowledged
import { writeRunner } from "../../scripts/simulated-fleet/runner-json.ts";
import { delay } from "../../src/clock.ts";
import type { FetchReply } from "../../src/monitors/pulling/fetch.ts";
import { StoreUnavailable } from "../../src/queue/store.ts";
import type { Chance } from "./chance.ts";
import { exchange } from "./exchange.ts";
import type { FaultTally } from "./fault-tally.ts";
import type { Host } from "./host.ts";
import type { Instance } from "./instance.ts";
import type { Machine } from "./machine.ts";
import type { Trace } from "./trace.ts";
import type { Wire } from "./wire.ts";

export interface FetchingSurroundings {
  readonly wire: Wire;
  readonly tally: FaultTally;
  readonly trace: Trace;
  balance(): Instance | null;
  onBug(error: unknown): void;
}

interface Offer {
  readonly leg: string;
  readonly unique_id: string;
  readonly profile_key: string;
  readonly runners: number;
  readonly qualified_repo: string;
  readonly run_id: string;
}

/** What the host wrote down of a leg before it did anything. */
interface Note extends Offer {
  state: "noted" | "reserving" | "taken" | "refused";
  ids: readonly number[];
}

const holdMs = 20_000;
const patienceMs = 23_000;
const callPatienceMs = 900;
const beginWithinMs = 2_000;

/** @param machine where it runs: a pause, a partition and a late message befall it */
export function startFetching(host: Host, machine: Machine, surroundings: FetchingSurroundings, chance: Chance): void {
  const { wire, tally, trace } = surroundings;
  const { clock } = machine;
  const notes = new Map<string, Note>();
  let boots = 0;
  let isUp = false;

  /** One call over the wire; null: no reply that says anything. */
  const call = <Reply>(isRead: boolean, waitMs: number, ask: (instance: Instance) => Promise<Reply>) =>
    new Promise<Reply | null>((resolve) => {
      const instance = surroundings.balance();
      let isAwaited = true;
      const finish = (reply: Reply | null): void => {
        if (!isAwaited) return;
        isAwaited = false;
        callOff();
        resolve(reply);
      };
      const callOff = clock.after(instance === null ? 50 : waitMs, () => finish(null));
      if (instance === null) return;
      exchange<Reply | null>(wire, tally, {
        way: "monitor",
        caller: machine,
        to: instance.machine.name,
        isRead,
        isAwaited: () => isAwaited,
        serve: (reply) =>
          instance.machine.deliver(() => {
            ask(instance).then(reply, (error: unknown) => {
              if (!(error instanceof StoreUnavailable)) surroundings.onBug(error);
              reply(null);
            });
          }),
        hear: finish,
      });
    });

  const live = (boot: string): void => {
    let seq = 0;
    const isAlive = () => !host.isDown && boot === `b${boots}`;

    const labelledFor = (uniqueId: string) =>
      host.pool.runners().filter(({ reservedFor }) => reservedFor?.toLowerCase() === uniqueId.toLowerCase());
    const writeCounts = () =>
      Object.fromEntries(
        host.profiles.map((profile) => {
          const own = host.pool.runners().filter((runner) => runner.profile === profile);
          const idle = own.filter(({ state }) => state === "idle").length;
          return [profile, { idle, healthy: own.length, target: host.pool.profiles().get(profile)?.target ?? 0 }];
        }),
      );
    const writeRunners = (ids: readonly number[]) =>
      host.pool
        .runners()
        .filter(({ id }) => ids.includes(id))
        .map((runner) => writeRunner(host.name, runner, false, "label"));
    const writeReservations = () => {
      const legOf = new Map([...notes.values()].flatMap(({ leg, ids }) => ids.map((id) => [id, leg] as const)));
      const labelled = host.pool.runners().flatMap((runner) => {
        if (runner.reservedFor === null) return [];
        const listed = writeRunner(host.name, runner, false, "label");
        const leg = legOf.get(runner.id) ?? null;
        return [{ ...listed, leg, unique_id: runner.reservedFor, busy: runner.state === "busy" }];
      });
      const underWay = [...notes.values()].filter(({ state }) => state === "noted" || state === "reserving");
      return [...labelled, ...underWay.map(({ leg, unique_id }) => ({ leg, unique_id, id: null }))];
    };
    const writeSettled = () =>
      [...notes.values()].flatMap(({ leg, state, ids }) =>
        state === "taken" || state === "refused" ? [{ leg, outcome: state, runners: writeRunners(ids) }] : [],
      );

    const accept = async (note: Note): Promise<boolean> => {
      const sentAt = clock.now();
      const isInTime = () => clock.now() - sentAt < beginWithinMs;
      while (isAlive() && isInTime()) {
        const query = { boot, seq: String(++seq) };
        const reply = await call(false, callPatienceMs, ({ pulling }) => pulling.accept(host.name, note.leg, query));
        if (reply?.kind === "accepted") return isAlive() && isInTime();
        if (reply !== null) {
          notes.delete(note.leg);
          return false;
        }
      }
      return false;
    };
    const work = async (offer: Offer): Promise<void> => {
      if (notes.has(offer.leg)) return;
      const note: Note = { ...offer, state: "noted", ids: [] };
      notes.set(offer.leg, note);
      const isMine = await accept(note);
      if (!isAlive() || !notes.has(note.leg)) return;
      if (!isMine) {
        note.state = "refused";
        return;
      }
      note.state = "reserving";
      const { unique_id: uniqueId, qualified_repo: qualifiedRepo, run_id: runId } = note;
      const isRefused = chance.happens(host.mood.refusedTakes);
      if (isRefused) tally.bit("take_refused");
      const reservation = { uniqueId, qualifiedRepo, runId, since: clock.date() };
      const reserved = isRefused ? [] : host.pool.reserve(note.profile_key, note.runners, reservation);
      trace.note(
        uniqueId,
        () => `${host.name} reserves ${reserved.map(({ id }) => id).join(" ") || "none"} for ${note.leg}`,
      );
      note.ids = reserved.map(({ id }) => id);
      // GitHub is slow to label
      await delay(clock, chance.between(300, 1_500));
      if (!isAlive()) return;
      note.state = note.ids.length > 0 ? "taken" : "refused";
      const [outcome] = writeSettled().filter(({ leg }) => leg === note.leg);
      const body = { boot, seq: ++seq, ...outcome };
      await call(false, callPatienceMs, ({ pulling }) => pulling.settle(host.name, note.leg, body));
    };

    const fetchOnce = async (): Promise<boolean> => {
      const gone = new AbortController();
      const body = {
        boot,
        seq: ++seq,
        profiles: writeCounts(),
        reservations: writeReservations(),
        settled: writeSettled(),
      };
      const { name: monitor } = host;
      const reply = await call(true, patienceMs, ({ pulling }) =>
        pulling.fetch({ monitor, body, waitMs: holdMs, key: null, gone: () => gone.signal }),
      );
      gone.abort();
      if (!isAlive()) return false;
      const fetched = reply as (FetchReply & { readonly offers?: readonly Offer[] }) | null;
      if (fetched?.kind === "superseded") throw new Error(`${host.name} was superseded by nobody`);
      if (fetched?.kind !== "fetched") {
        await delay(clock, chance.between(200, 1_000));
        return isAlive();
      }
      for (const leg of [...fetched.settled, ...fetched.withdrawn]) notes.delete(leg);
      for (const offer of fetched.offers as unknown as readonly Offer[]) void work(offer);
      await delay(clock, 20);
      return isAlive();
    };

    // what it was doing when it went down is found out by what is there: labels
    for (const note of notes.values()) {
      if (note.state === "taken" || note.state === "refused") continue;
      note.ids = labelledFor(note.unique_id).map(({ id }) => id);
      note.state = note.ids.length > 0 ? "taken" : "refused";
    }
    void (async () => {
      while (await fetchOnce());
    })().catch(surroundings.onBug);
  };

  /** A process that ended begins anew, as another boot. */
  const watch = (): void => {
    if (host.isDown) isUp = false;
    else if (!isUp) {
      isUp = true;
      boots += 1;
      live(`b${boots}`);
    }
    clock.after(500, watch);
  };
  watch();
}
