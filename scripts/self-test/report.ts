// What the self-test prints: a line per check and a sum, in columns for people or as JSON for
// programs. The one way out, and so the place where secrets are struck out, whoever brought them
// in: a queue may well echo a ticket in what it says.
import { stripVTControlCharacters } from "node:util";
import { strikeOut } from "../secret-mask.ts";
import type { CheckEnd } from "./run-check.ts";

const shown = { ok: "ok  ", failed: "FAIL", skipped: "skip" } as const;
const longestSeen = 400;
/** A body that is shorter was no ticket, and striking it out would make a riddle of every line. */
const shortestTicket = 16;

export interface Report {
  /** Never to be printed. */
  learned(ticket: string): void;
  check(end: CheckEnd): void;
  sum(ends: readonly CheckEnd[], tookMs: number): void;
}

export function createReport(json: boolean, token: string, print: (line: string) => void): Report {
  const secrets = new Set([token]);
  const legible = (text: string) => {
    // First what hides letters, then the secrets: one in pieces would else be put together again.
    let clean = stripVTControlCharacters(text).replace(/\p{Cc}+/gu, " ");
    for (const secret of secrets) clean = strikeOut(clean, secret);
    return clean.slice(0, longestSeen);
  };
  return {
    learned(ticket) {
      const text = ticket.trim();
      if (text.length >= shortestTicket) secrets.add(text);
    },
    check({ check, outcome, seen, tookMs }) {
      const line = { event: "check", check, outcome, seen: legible(seen), tookMs };
      print(
        json ? JSON.stringify(line) : `${shown[outcome]}  ${check.padEnd(13)}  ${line.seen} (${inSeconds(tookMs)})`,
      );
    },
    sum(ends, tookMs) {
      const count = (wanted: CheckEnd["outcome"]) => ends.filter(({ outcome }) => outcome === wanted).length;
      const sum = { event: "sum", ok: count("ok"), failed: count("failed"), skipped: count("skipped"), tookMs };
      const words = `${sum.ok} ok, ${sum.failed} failed, ${sum.skipped} skipped (${inSeconds(tookMs)})`;
      print(json ? JSON.stringify(sum) : words);
    },
  };
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
