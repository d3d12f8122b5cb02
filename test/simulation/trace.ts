// What happened in a run, line by line: hashed as a whole, so that two runs of a seed can be
// compared, and kept by job, so that the story of one can be told.
import { createHash } from "node:crypto";

export interface Trace {
  /**
   * Notes a line. `about`: the job or jobs that it is part of the story of; null: no job's alone
   */
  note(about: string | null, line: () => string): void;
  /** Part of the hash and of no story: too much of it. */
  mix(line: string): void;
  /** The lines about some jobs, in order, with what happened to the whole world meanwhile. */
  story(uniqueIds: readonly string[]): readonly string[];
  /** of all lines so far */
  hash(): string;
  readonly lines: number;
}

/** What happened to the world is told in a story from so long before its job began. */
const worldBeforeMs = 60_000;
const chunkLength = 65_536;

interface Line {
  readonly at: number;
  readonly text: string;
}

export function createTrace(now: () => number): Trace {
  const hash = createHash("sha256");
  const jobs = new Map<string, Line[]>();
  const world: Line[] = [];
  let chunk = "";
  let lines = 0;

  const mix = (line: string): void => {
    chunk += `${now()} ${line}\n`;
    lines += 1;
    if (chunk.length < chunkLength) return;
    hash.update(chunk);
    chunk = "";
  };
  return {
    note: (about, line) => {
      const text = line();
      mix(text);
      const one = { at: now(), text };
      if (about === null) {
        world.push(one);
        return;
      }
      const known = jobs.get(about);
      if (known === undefined) jobs.set(about, [one]);
      else known.push(one);
    },
    mix,
    story: (uniqueIds) => {
      const isMany = uniqueIds.length > 1;
      const own = uniqueIds.flatMap((id) =>
        (jobs.get(id) ?? []).map(({ at, text }) => ({ at, text: isMany ? `${id}: ${text}` : text })),
      );
      const begun = Math.min(...own.map(({ at }) => at));
      const ended = Math.max(...own.map(({ at }) => at));
      const around = world.filter(({ at }) => at >= begun - worldBeforeMs && at <= ended);
      return [...own, ...around].sort((a, b) => a.at - b.at).map(({ at, text }) => `${writeTime(at)} ${text}`);
    },
    hash: () => hash.copy().update(chunk).digest("hex"),
    get lines() {
      return lines;
    },
  };
}

/** Minutes and seconds since the world began. */
export function writeTime(ms: number): string {
  const seconds = (ms / 1000) % 60;
  return `${String(Math.floor(ms / 60_000)).padStart(3, "0")}:${seconds.toFixed(3).padStart(6, "0")}`;
}
