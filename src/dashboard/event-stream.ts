// Server-sent events to one who looks: what comes is made when it is asked for, and who does not
// read for a while is let go, so that nobody holds a place that somebody else could use.
import { unstored } from "../http/problem.ts";

/**
 * How long something may stay unread: a phone that sleeps is gone sooner or later anyway, and comes
 * back by itself.
 */
const longestUnreadMs = 10_000;

/** One event in the stream's own writing (the WHATWG's HTML standard, 9.2.5). */
export function writeEvent(event: string, data: string, retryMs?: number): string {
  const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n`;
  return `event: ${event}\ndata: ${data.split(/\r\n|\r|\n/).join("\ndata: ")}\n${retry}\n`;
}

/**
 * @param speak what is sent, piece by piece; told by its signal that nobody reads any more
 * @param end called once, when it is over
 */
export function streamEvents(
  speak: (over: AbortSignal) => AsyncGenerator<string>,
  end: () => void,
  unreadMs = longestUnreadMs,
): Response {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new AbortController();
  const texts = speak(over.signal);
  const stop = (): void => {
    clearTimeout(timer);
    if (over.signal.aborted) return;
    over.abort();
    end();
    texts.return(undefined).catch(() => {});
  };
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      // what was there has been read
      clearTimeout(timer);
      const next = await texts.next();
      if (over.signal.aborted) return;
      if (next.done === true) {
        stop();
        return controller.close();
      }
      controller.enqueue(encoder.encode(next.value));
      timer = setTimeout(() => {
        stop();
        controller.error(new Error("nobody reads"));
      }, unreadMs);
    },
    cancel: stop,
  });
  const headers = {
    "content-type": "text/event-stream",
    // nginx collects a stream before it passes it on, unless told otherwise
    "x-accel-buffering": "no",
    ...unstored,
  };
  return new Response(stream, { headers });
}
