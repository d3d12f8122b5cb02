// The status, again and again until Ctrl-C: drawn anew on a terminal, else what changes. A queue
// that goes away is waited for: whoever watches wants to see it come back.
import { setTimeout as delay } from "node:timers/promises";
import { Unexpected } from "../self-test/reply.ts";
import type { WatchCommand } from "./command-line/command.ts";
import { writeJson } from "./paper/json-text.ts";
import { makeLegible } from "./paper/legible.ts";
import type { Paper } from "./paper/paper.ts";
import { renderStatus } from "./paper/render-status.ts";
import { describeTime } from "./paper/span.ts";
import { askQueue } from "./requests/ask-queue.ts";
import { type Dashboard, dashboardSchema } from "./requests/documents.ts";
import { describeChanges } from "./status-changes.ts";
import type { Terminal } from "./terminal.ts";

const everyMs = 2_000;
const home = "\u001b[H";
const eraseLine = "\u001b[K";
const eraseBelow = "\u001b[J";

/**
 * Ends with the process. Rejects with Unexpected only where the very first look fails.
 * @param paper as the terminal is at the time
 */
export async function watchStatus(command: WatchCommand, terminal: Terminal, paper: () => Paper): Promise<never> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
  /** Null before the first and while the queue is away. */
  let shown: Dashboard | null = null;
  /** What was said last of a queue that is away: once is enough where nothing is drawn anew. */
  let trouble = "";
  for (let looks = 1; ; looks += 1) {
    try {
      const { document } = await askQueue(command, "GET", "/dashboard.json", dashboardSchema);
      show(document);
      shown = document;
      trouble = "";
    } catch (error) {
      if (looks === 1 || !(error instanceof Unexpected)) throw error;
      lament(makeLegible(error.message, command.token));
      shown = null;
    }
    await delay(everyMs);
  }

  function show(dashboard: Dashboard): void {
    if (command.json) terminal.print(writeJson(dashboard, command.token));
    else if (terminal.screen !== null) draw(renderStatus(dashboard, paper()));
    else if (shown === null) terminal.print([heading(), "", ...renderStatus(dashboard, paper()), ""].join("\n"));
    else {
      for (const change of describeChanges(shown, dashboard)) {
        terminal.print(makeLegible(`${describeTime(dashboard.at)}  ${change}`, command.token));
      }
    }
  }

  function lament(why: string): void {
    // On stdout only JSON is expected then.
    if (command.json) terminal.complain(why);
    else if (terminal.screen !== null) draw([why]);
    else if (why !== trouble) terminal.print(`${describeTime(new Date().toISOString())}  ${why}`);
    trouble = why;
  }

  /** Line over line, so that nothing flickers; what does not fit stays away. */
  function draw(lines: readonly string[]): void {
    const all = [heading(), "", ...lines];
    const room = Math.max(1, (terminal.screen?.heightLines() ?? all.length) - 2);
    const fitting = all.length <= room ? all : [...all.slice(0, room - 1), `And ${all.length - room + 1} lines more.`];
    terminal.print(`${home}${fitting.map((line) => `${line}${eraseLine}`).join("\n")}\n${eraseBelow}`);
  }

  function heading(): string {
    return `${command.queueUrl}  ${describeTime(new Date().toISOString())}`;
  }
}
