// An agent speaks for a host that cannot be called (docs/agent.md): it lists what the host has, holds
// a fetch at the queue, and has reserved what it accepted. One loop looks at the host and tells the
// queue what changed; what fetches bring is worked on beside it.
import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { createBackoff } from "./backoff.ts";
import type { AgentHost } from "./host.ts";
import { createHostWatch } from "./host-watch.ts";
import { createLegWork } from "./leg-work.ts";
import { type Notes, openNotes } from "./notes.ts";
import { createNudge } from "./nudge.ts";
import { createQueueClient, type Fetched } from "./queue-client.ts";
import { describeHost } from "./said.ts";
import { createSpeaker } from "./speaker.ts";

export interface AgentOptions {
  /** The queue's URL, without a slash at its end. */
  readonly queue: string;
  /** The host's name in MONITORS (`name=pull`). */
  readonly name: string;
  /** The bearer of that name. */
  readonly token: string;
  /** A file for what must not be forgotten. One agent at a time has it. */
  readonly notes: string;
  readonly host: AgentHost;
  /** How often the host is looked at, ms (1000). */
  readonly listEveryMs?: number;
  /** How long the queue is to hold a fetch, in seconds (25). */
  readonly waitSeconds?: number;
  /** How long what was begun is seen through once it is told to end, ms (30,000). */
  readonly seeThroughMs?: number;
  /** One line of what it does, in words; without secrets. */
  readonly say?: (words: string) => void;
  readonly clock?: Clock;
}

/** Why an agent ended. */
export type AgentEnd =
  /** it was told to, or has done its one round */
  | { readonly kind: "stopped" }
  /** another agent speaks for this host: its notes are in use, or the queue says so */
  | { readonly kind: "superseded"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface Agent {
  /**
   * Until `stop` aborts, or another agent takes over. Then no more is fetched, and what was begun is
   * seen through for `seeThroughMs`; what is left stays in the notes. Never rejects.
   * @param isOnce one fetch, what it brings, and the end
   */
  run(stop: AbortSignal, isOnce?: boolean): Promise<AgentEnd>;
}

/** Legs that a repeated or older reply may bring again. */
const maxRememberedLegs = 10_000;

/** See AgentOptions. Nothing happens before `run`. */
export function createAgent(options: AgentOptions): Agent {
  return {
    run: async (stop, isOnce = false) => {
      const opened = openNotes(options.notes);
      if (opened.kind === "locked") return { kind: "superseded", why: "another agent has the notes" };
      if (opened.kind === "unusable") return { kind: "failed", why: `the notes cannot be used: ${opened.why}` };
      try {
        return await runWith(options, opened.notes, stop, isOnce);
      } catch (error) {
        if (stop.aborted) return { kind: "stopped" };
        return { kind: "failed", why: error instanceof Error ? error.message : String(error) };
      } finally {
        opened.notes.close();
      }
    },
  };
}

async function runWith(options: AgentOptions, notes: Notes, stop: AbortSignal, isOnce: boolean): Promise<AgentEnd> {
  const { host, say = () => {}, clock = systemClock } = options;
  const { listEveryMs = 1_000, waitSeconds = 25, seeThroughMs = 30_000 } = options;
  const client = createQueueClient({ ...options, boot: randomUUID() }, clock);
  const watch = createHostWatch(host, say, clock);
  const nudge = createNudge(clock);
  const hostPause = createBackoff(5_000, 300_000);
  const seen = new Set<string>();
  const withdrawn = new Set<string>();
  const atWork = new Set<Promise<void>>();
  /** Aborts when nothing more is to be done. */
  const over = new AbortController();
  const fetching = AbortSignal.any([stop, over.signal]);
  let end: AgentEnd = { kind: "stopped" };
  let seq = 0;
  let idleNotBefore = 0;
  let isDrained = false;

  const finish = (how: AgentEnd) => {
    if (over.signal.aborted) return;
    end = how;
    over.abort();
    nudge.nudge();
  };
  const onSuperseded = () =>
    finish({ kind: "superseded", why: "the queue says that another agent speaks for this host" });

  const work = createLegWork({
    client,
    host,
    notes,
    watch,
    clock,
    say,
    nextSeq: () => ++seq,
    isWithdrawn: (legName) => withdrawn.has(legName),
    onSuperseded,
    onReserve: (isHostWell) => {
      if (isHostWell) hostPause.reset();
      else idleNotBefore = clock.now() + hostPause.next();
    },
    onChange: nudge.nudge,
    stop: over.signal,
  });
  const begin = (job: Promise<void>) => {
    const guarded = job.catch((error: Error) => finish({ kind: "failed", why: error.message }));
    atWork.add(guarded);
    void guarded.finally(() => atWork.delete(guarded));
  };

  const onFetched = ({ offers, settled, drained, withdrawn: takenBack }: Fetched) => {
    if (drained !== isDrained) say(drained ? "the queue has drained this host: it gets no jobs" : "drained no more");
    isDrained = drained;
    for (const legName of takenBack) remember(withdrawn, legName);
    for (const legName of settled) notes.forget(legName);
    for (const offer of offers) {
      if (seen.has(offer.leg) || fetching.aborted) continue;
      remember(seen, offer.leg);
      begin(work.serve(offer));
    }
  };
  const speaker = createSpeaker(
    { client, clock, say, waitSeconds, stop: fetching, onFetched, onSuperseded },
    nudge.nudge,
  );

  /** What an earlier run left: what the host shows for it is told with the first fetch. */
  const recover = async () => {
    say(`looking at the host, for ${options.queue} as ${options.name} (${notes.legs().length} legs in the notes)`);
    await host.quiet(fetching);
    const list = await watch.listUntilSaid(fetching);
    for (const leg of notes.legs()) {
      const closed = leg.reserved === null ? work.resolve(leg, list) : leg;
      if (closed !== null) begin(work.settle(closed));
    }
  };

  stop.addEventListener("abort", nudge.nudge);
  await recover();
  while (!fetching.aborted) {
    // what is begun from here on may be missing in this list, and is told with a later number
    const atSeq = ++seq;
    const legs = notes.legs();
    const list = await watch.list();
    const said = list === null ? null : describeHost(legs, list, clock.now() >= idleNotBefore);
    if (isOnce && said !== null) {
      const reply = await speaker.speakOnce(atSeq, said);
      if (reply.kind !== "ok" && reply.kind !== "superseded") finish({ kind: "failed", why: reply.why });
      break;
    }
    if (said !== null) speaker.speak(atSeq, said);
    await nudge.wait(Math.max(listEveryMs, speaker.pauseMs()));
  }
  if (atWork.size > 0) {
    say(`seeing through ${atWork.size} legs`);
    const callOff = clock.after(seeThroughMs, () => over.abort());
    while (atWork.size > 0) await Promise.all(atWork);
    callOff();
  }
  over.abort();
  stop.removeEventListener("abort", nudge.nudge);
  return end;
}

function remember(names: Set<string>, name: string): void {
  names.add(name);
  if (names.size > maxRememberedLegs) names.delete(names.values().next().value ?? "");
}
