// What an operator did, in words: who, since when, until when, why.
import type { ActName } from "../command-line/command.ts";
import type { Act, ActReply } from "../requests/documents.ts";
import { describeAgo, describeAhead, describeTime } from "./span.ts";

/** An act that holds; null where there is none. */
export function renderAct(act: Act | null, now: string): string | null {
  if (act === null) return null;
  const end = act.until === null ? "" : `, ends ${describeAhead(act.until, now)}`;
  return describeAuthor(`${act.by} ${describeAgo(act.at, now)}${end}`, act.note);
}

/** What the queue says it did. */
export function renderActReply(name: ActName, what: string, { by, note, until }: ActReply): string {
  const author = describeAuthor(by, note);
  const end = (undo: string) => (until === null ? `until somebody ${undo} it` : `until ${describeTime(until)}`);
  switch (name) {
    case "drain":
      return `${what} is draining ${end("resumes")}, ${author}`;
    case "resume":
      return `${what} takes jobs again, ${author}`;
    case "pause":
      return `${what} is paused ${end("unpauses")}, ${author}`;
    case "unpause":
      return `${what} is served again, ${author}`;
    case "forget-monitor":
    case "forget-profile":
      return `${what} is forgotten, ${author}`;
  }
}

/** A note may be empty. */
export function describeAuthor(by: string, note: string): string {
  return `by ${by}${note === "" ? "" : `: ${note}`}`;
}
