// A workflow step of the simulated world: curl --retry, as deployed. It enqueues, asks until it
// hears something final, and gives up in its own ways. What it does with its runner is GitHub's
// business: the job starts some time after.
import type { JobRequest, Ticket } from "../../src/queue/job/job.ts";
import type { Chance } from "./chance.ts";
import { exchange } from "./exchange.ts";
import type { FaultTally } from "./fault-tally.ts";
import type { Happening } from "./happening.ts";
import type { Instance } from "./instance.ts";
import type { Machine } from "./machine.ts";
import { type ClientReply, type ClientRequest, isRetried, runnersOf } from "./requests.ts";
import type { Trace } from "./trace.ts";
import type { Wire } from "./wire.ts";
import type { WorldTime } from "./world-time.ts";

/** What a step lives in. */
export interface StepSurroundings {
  readonly time: WorldTime;
  readonly trace: Trace;
  readonly wire: Wire;
  readonly tally: FaultTally;
  tell(happening: Happening): void;
  /** Who serves the next request; null: the connection is refused. */
  balance(): Instance | null;
  /** Calls back should the instance die, unless what is returned is called. */
  onCrash(instance: Instance, act: () => void): () => void;
  /** GitHub starts the jobs on the runners of an answer. */
  startJobs(answer: string): void;
  ended(how: string): void;
}

/** What becomes of the step, beside being served. */
export interface StepHabits {
  /** how long each take may be held; 0: it polls */
  readonly holdMs: number;
  /** it is cancelled after so long: null, never. `saysSo`: it gives its place up */
  readonly cancelledAfterMs: number | null;
  readonly saysSo: boolean;
  /** it sleeps once for so long before it asks again */
  readonly sleepsForMs: number;
  /** it asks again after its answer: what it was told was lost behind it */
  readonly asksAgain: boolean;
  /** its bearer speaks for one repository only */
  readonly isCounted: boolean;
}

/** `curl --max-time 30`, ms. */
const maxTimeMs = 30_000;
const retryDelayMs = 1_000;
/** It falls back to another runner after so long, ms. */
const maxWaitMs = 900_000;

export function startStep(
  surroundings: StepSurroundings,
  machine: Machine,
  job: JobRequest,
  habits: StepHabits,
  chance: Chance,
): void {
  const { time, trace, wire, tally, tell } = surroundings;
  const { uniqueId } = job;
  const beganAt = time.now;
  let isOver = false;
  let sleeps = habits.sleepsForMs;
  let asksAgain = habits.asksAgain ? 2 : 0;
  let leaveRequest = () => {};

  const note = (line: string) => trace.note(uniqueId, () => `client ${line}`);
  const end = (how: string): void => {
    if (isOver) return;
    isOver = true;
    note(how);
    surroundings.ended(how);
  };

  /** One attempt of curl. Calls back with null where its time was up, or the connection failed. */
  const attempt = (request: ClientRequest, then: (reply: ClientReply | null) => void): void => {
    let isAwaited = true;
    const leaves: (() => void)[] = [];
    const finish = (reply: ClientReply | null): void => {
      if (!isAwaited) return;
      isAwaited = false;
      callOff();
      for (const leave of leaves) leave();
      if (!isOver) then(reply);
    };
    const callOff = machine.clock.after(maxTimeMs, () => finish(null));
    leaveRequest = () => {
      if (isAwaited) tally.bit("client_hung_up");
      isAwaited = false;
      callOff();
      for (const leave of leaves) leave();
    };
    const instance = surroundings.balance();
    if (instance === null) return void machine.clock.after(5, () => finish(null));
    exchange<ClientReply | null>(wire, tally, {
      way: "client",
      caller: machine,
      to: instance.machine.name,
      isRead: false,
      isAwaited: () => isAwaited,
      serve: (reply) => {
        if (!instance.machine.isAlive) return reply(null);
        // the connection stays with the instance that has it: one that dies breaks it off
        const forget = surroundings.onCrash(instance, () => reply(null));
        instance.machine.deliver(() => {
          const leave = instance.serve(request, (given) => {
            forget();
            reply(given);
          });
          if (isAwaited) leaves.push(() => wire.after(wire.latencyMs("client"), leave));
          else leave();
        });
      },
      hear: finish,
    });
  };
  /** curl --retry: again until it is final. */
  const ask = (request: ClientRequest, then: (reply: ClientReply) => void): void => {
    if (isOver) return;
    if (time.now - beganAt > maxWaitMs) return end("gives up: it waited too long");
    attempt(request, (reply) => {
      if (reply !== null && reply.status !== 500 && !isRetried(reply)) return then(reply);
      const pauseMs = reply === null ? retryDelayMs : reply.retryAfterSeconds * 1000 + chance.between(0, 50);
      const sleepMs = sleeps > 0 && request.kind === "take" && chance.happens(0.3) ? sleeps : 0;
      if (sleepMs > 0) {
        note(`sleeps ${Math.round(sleepMs)} ms`);
        sleeps = 0;
      }
      machine.clock.after(pauseMs + sleepMs, () => ask(request, then));
    });
  };
  const take = (ticket: Ticket): void =>
    ask({ kind: "take", ticket, holdMs: habits.holdMs }, (reply) => {
      const { status, answer, reason } = reply;
      note(`hears ${status} ${reason}${answer === undefined ? "" : ` ${runnersOf(answer).join(" ")}`}`);
      if (status !== 200 || answer === undefined) return end(`falls back: ${status} ${reason}`);
      if (asksAgain-- > 0) return void machine.clock.after(chance.between(10, 20_000), () => take(ticket));
      if (answer === "null") return end("falls back: taking failed");
      surroundings.startJobs(answer);
      end("has its runners");
    });

  note(`begins: ${job.runnerCount} of ${job.profileKey}`);
  ask({ kind: "enqueue", job, isCounted: habits.isCounted }, (reply) => {
    const { status, place, reason } = reply;
    if (status !== 200 || place === undefined) return end(`is refused: ${status} ${reason}`);
    const ticket: Ticket = { ...job, place };
    note(`has its ticket, place ${place}`);
    take(ticket);
    const { cancelledAfterMs, saysSo } = habits;
    if (cancelledAfterMs === null) return;
    machine.clock.after(cancelledAfterMs, () => {
      if (isOver) return;
      leaveRequest();
      tell({ kind: "left", at: time.now, ticket });
      end(saysSo ? "is cancelled, and says so" : "is cancelled, and says nothing");
      if (saysSo) attempt({ kind: "cancel", ticket }, () => {});
    });
  });
}
