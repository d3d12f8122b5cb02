// The watch over one take, whatever carries it. A take leaves in time or not at all: a request
// counts as sent when its connection stands, not when somebody decided to send it, for name look-up
// and connecting may take long, and a process may be stopped in between. So every take has a
// connection of its own (no reused one can turn out to be dead either), its bytes are written only
// after a last look at the clock, and what came of it is told apart by whether it left.
import type { Clock } from "../../clock.ts";
import type { TakeReply, TakeSending } from "./transport.ts";

export interface TakeWatch {
  /** The connection stands: whether the request may leave now. If so, it counts as sent. */
  mayLeave(): boolean;
  /** Ends it, once. */
  finish(reply: TakeReply): void;
  /** Ends it without an answer. */
  fail(error: unknown): void;
}

/** @param end told once what came of it; it closes the connection */
export function watchTake(
  clock: Clock,
  { sendBy, timeoutMs }: TakeSending,
  end: (reply: TakeReply) => void,
): TakeWatch {
  let sentAt: number | null = null;
  let isOver = false;
  const finish = (reply: TakeReply): void => {
    callOff();
    if (isOver) return;
    isOver = true;
    end(reply);
  };
  const fail = (error: unknown): void => {
    if (sentAt === null) finish({ kind: "unsent", error });
    else finish({ kind: "silent", error, sinceSentMs: clock.now() - sentAt });
  };
  const timeUp = () => fail(new DOMException("no answer in time", "TimeoutError"));
  let callOff = clock.after(Math.max(0, sendBy - clock.now()), timeUp);
  return {
    finish,
    fail,
    mayLeave: () => {
      const now = clock.now();
      if (now > sendBy) timeUp();
      if (isOver) return false;
      callOff();
      callOff = clock.after(timeoutMs, timeUp);
      sentAt = now;
      return true;
    },
  };
}
