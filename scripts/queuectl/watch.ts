// The status, again and again until Ctrl-C. A queue that goes away is waited for: whoever watches
// wants to see it come back.
import { setTimeout as delay } from "node:timers/promises";
import { Unexpected } from "../self-test/reply.ts";
import type { WatchCommand } from "./command.ts";
import { writeJson } from "./json-text.ts";
import { makeLegible } from "./legible.ts";
import { runCommand } from "./run-command.ts";

const everyMs = 2_000;
const clearScreen = "\u001b[H\u001b[2J";

/** Ends with the process. Rejects with Unexpected only where the very first look fails. */
export async function watchStatus(
  command: WatchCommand,
  print: (text: string) => void,
  isTerminal: boolean,
): Promise<never> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
  const { queueUrl, token, json } = command;
  for (let looks = 1; ; looks += 1) {
    try {
      const { document, render } = await runCommand({ ...command, name: "status" });
      show(json ? writeJson(document, token) : render().join("\n"));
    } catch (error) {
      if (looks === 1 || !(error instanceof Unexpected)) throw error;
      const why = makeLegible(error.message, token);
      // On stdout only JSON is expected then.
      if (json) console.error(why);
      else show(why);
    }
    await delay(everyMs);
  }

  function show(text: string): void {
    if (json) print(text);
    else print(`${isTerminal ? clearScreen : ""}${queueUrl}  ${new Date().toISOString()}\n\n${text}\n`);
  }
}
