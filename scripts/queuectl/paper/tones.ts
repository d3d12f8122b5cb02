// Which states an operator has to look at, for tables in colour. A state that is not known here
// stays plain.
import type { Tone } from "./paper.ts";

const tones: ReadonlyMap<string, Tone> = new Map([
  ["fresh", "good"],
  ["taken", "good"],
  ["stale", "warn"],
  ["unknown", "warn"],
  ["abandoned", "warn"],
  ["drained", "warn"],
  ["paused", "warn"],
  ["failing", "bad"],
  ["failed", "bad"],
]);

export function toneOf(state: string): Tone | null {
  return tones.get(state) ?? null;
}
