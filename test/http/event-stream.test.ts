// A stream of events ends when nobody reads it, for whatever reason, and gives its place back once.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { streamEvents, writeEvent } from "../../src/dashboard/event-stream.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Says something as often as it is asked, and notes its own end. */
function createSource() {
  const state = { isEnded: false, said: 0 };
  async function* speak() {
    try {
      for (;;) {
        state.said += 1;
        yield writeEvent("e", "a\r\nb\nc", 5);
      }
    } finally {
      state.isEnded = true;
    }
  }
  return { state, speak };
}

it("who does not read is let go, and his source is ended", async () => {
  const { state, speak } = createSource();
  const ended: number[] = [];
  const { body } = streamEvents(speak, () => ended.push(state.said), 30_000);
  const reader = body!.getReader();
  void reader.closed.catch(() => {});
  await vi.advanceTimersByTimeAsync(29_999);
  expect([ended, state.isEnded]).toEqual([[], false]);
  await vi.advanceTimersByTimeAsync(1);
  expect([ended, state.isEnded]).toEqual([[1], true]);
});

it("who reads slowly is not, as long as he reads; who hangs up ends it once", async () => {
  const { state, speak } = createSource();
  let ends = 0;
  const { body } = streamEvents(
    speak,
    () => {
      ends += 1;
    },
    30_000,
  );
  const reader = body!.getReader();
  for (let n = 0; n < 4; n++) {
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe("event: e\ndata: a\ndata: b\ndata: c\nretry: 5\n\n");
    await vi.advanceTimersByTimeAsync(29_999);
  }
  expect(ends).toBe(0);
  await reader.cancel();
  expect(ends).toBe(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(state.isEnded).toBe(true);
});
