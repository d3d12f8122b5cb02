// Does what an operator wants done: to a monitor, to a profile, to one job.

import type { ActCommand, ActName, Done, JobActCommand } from "../command-line/command.ts";
import { makeLegible } from "../paper/legible.ts";
import { describeAuthor, renderActReply } from "../paper/render-act.ts";
import { askQueue } from "./ask-queue.ts";
import { actReplySchema, cancelReplySchema, expediteReplySchema, rerunReplySchema } from "./documents.ts";

const routeOf = {
  drain: ["monitors", "drain"],
  resume: ["monitors", "resume"],
  pause: ["profiles", "pause"],
  unpause: ["profiles", "resume"],
  "forget-monitor": ["monitors", "forget"],
  "forget-profile": ["profiles", "forget"],
} as const satisfies Record<ActName, readonly [kind: string, verb: string]>;

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function act(command: ActCommand): Promise<Done> {
  const { name, what, note, by, until } = command;
  const [kind, verb] = routeOf[name];
  const query = new URLSearchParams({ note, by, ...(until === null ? {} : { until }) });
  const path = `/${kind}/${encodeURIComponent(what)}/${verb}?${query}`;
  const { document } = await askQueue(command, "POST", path, actReplySchema);
  return { document, render: ({ token }) => [makeLegible(renderActReply(name, what, document), token)] };
}

/** Rejects with Unexpected where the queue says no, something unexpected, or nothing. */
export async function actOnJob(command: JobActCommand): Promise<Done> {
  const { name, uniqueId, note, by } = command;
  const path = `/jobs/${encodeURIComponent(uniqueId)}/${name}?${new URLSearchParams({ note, by })}`;
  const done = (document: unknown, said: string): Done => ({
    document,
    render: ({ token }) => [makeLegible(`${uniqueId} ${said}`, token)],
  });
  switch (name) {
    case "cancel": {
      const { document } = await askQueue(command, "POST", path, cancelReplySchema);
      const { state } = document;
      return done(document, state === "cancelled" ? "is cancelled." : `was over already: ${state}.`);
    }
    case "rerun": {
      const { document } = await askQueue(command, "POST", path, rerunReplySchema);
      return done(document, `is ${document.state}, for the ${ordinal(document.generation)} time.`);
    }
    case "expedite": {
      const { document } = await askQueue(command, "POST", path, expediteReplySchema);
      const author = describeAuthor(document.by, document.note);
      return done(document, `is ${document.state} at the front of the line of ${document.profile_key}, ${author}`);
    }
  }
}

/** 2nd, 3rd, 4th, 11th. */
function ordinal(count: number): string {
  const endings: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };
  const rule = new Intl.PluralRules("en", { type: "ordinal" }).select(count);
  return `${count}${endings[rule] ?? "th"}`;
}
