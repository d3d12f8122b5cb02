// Holds fetches at the queue: one at a time where nothing changes, and a newer one as soon as there is
// something else to say, which answers the older one.
import type { Clock } from "../clock.ts";
import { createBackoff } from "./backoff.ts";
import type { CallReply, Fetched, QueueClient } from "./queue-client.ts";
import type { Said } from "./said.ts";
import { createTrouble } from "./trouble.ts";

export interface SpeakerDeps {
  readonly client: QueueClient;
  readonly clock: Clock;
  readonly say: (words: string) => void;
  readonly waitSeconds: number;
  readonly stop: AbortSignal;
  readonly onFetched: (fetched: Fetched) => void;
  readonly onSuperseded: () => void;
}

export interface Speaker {
  /** Says it, unless a fetch that says the same is held, or it is too early after a failure. */
  speak(seq: number, said: Said): void;
  /** Says it, and resolves when its reply was heard. */
  speakOnce(seq: number, said: Said): Promise<CallReply<Fetched>>;
  /** How long until something can be said again, ms; 0: it can be now, or a fetch is held. */
  pauseMs(): number;
}

const firstPauseMs = 250;
const maxPauseMs = 10_000;
/** The queue's "no" to all that we say is for people to mend. */
const refusedPauseMs = 15_000;
/** A fetch that says nothing new is not sent again sooner, whatever answers it. */
const minPauseMs = 100;

/** @param onEnd a fetch was answered: it is time for another */
export function createSpeaker(deps: SpeakerDeps, onEnd: () => void): Speaker {
  const { client, clock, say, waitSeconds, stop } = deps;
  const pause = createBackoff(firstPauseMs, maxPauseMs);
  const trouble = createTrouble(say, "the queue answers again");
  let held: { readonly text: string } | null = null;
  let notBefore = 0;
  /** The first fetch is not held: people want to read at once that the queue answers. */
  let isKnown = false;

  const hear = (reply: CallReply<Fetched>): void => {
    switch (reply.kind) {
      case "superseded":
        return deps.onSuperseded();
      case "refused":
        notBefore = clock.now() + refusedPauseMs;
        return trouble.tell(`the queue refuses us: ${reply.why}`);
      case "failed":
        if (stop.aborted) return;
        notBefore = clock.now() + pause.next(reply.retryAfterMs);
        return trouble.tell(`the queue cannot be reached: ${reply.why}`);
      case "ok":
        pause.reset();
        trouble.tell(null);
        if (!isKnown) say("the queue answers");
        isKnown = true;
        return deps.onFetched(reply.value);
    }
  };

  const speakFor = async (seq: number, said: Said, holdSeconds: number): Promise<CallReply<Fetched>> => {
    const mine = { text: JSON.stringify(said) };
    held = mine;
    const begunAt = clock.now();
    const reply = await client.fetch(seq, said, holdSeconds, stop);
    if (held === mine) {
      held = null;
      if (reply.kind === "ok" && reply.value.offers.length === 0) notBefore = begunAt + minPauseMs;
    }
    hear(reply);
    onEnd();
    return reply;
  };

  return {
    speak: (seq, said) => {
      if (stop.aborted || clock.now() < notBefore) return;
      if (held === null || held.text !== JSON.stringify(said)) void speakFor(seq, said, isKnown ? waitSeconds : 0);
    },
    speakOnce: (seq, said) => speakFor(seq, said, waitSeconds),
    pauseMs: () => (held === null ? Math.max(0, notBefore - clock.now()) : 0),
  };
}
