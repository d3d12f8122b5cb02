// A stream of events ends when nobody reads it, for whatever reason, and gives its place back once.
import { expect, it } from "vitest";
import { streamEvents, writeEvent } from "../../src/dashboard/event-stream.ts";

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
  await new Promise<void>((resolve) => {
    const end = () => {
      ended.push(state.said);
      resolve();
    };
    const { body } = streamEvents(speak, end, 30);
    const reader = body!.getReader();
    void reader.closed.catch(() => {});
  });
  expect(ended).toEqual([1]);
  await expect.poll(() => state.isEnded).toBe(true);
});

it("who reads slowly is not, as long as he reads; who hangs up ends it once", async () => {
  const { state, speak } = createSource();
  let ends = 0;
  const { body } = streamEvents(
    speak,
    () => {
      ends += 1;
    },
    400,
  );
  const reader = body!.getReader();
  for (let n = 0; n < 4; n++) {
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe("event: e\ndata: a\ndata: b\ndata: c\nretry: 5\n\n");
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  expect(ends).toBe(0);
  await reader.cancel();
  expect(ends).toBe(1);
  await expect.poll(() => state.isEnded).toBe(true);
});
