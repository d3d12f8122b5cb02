// `npm run check-monitor -- <url>`: whoever writes or owns a monitor asks whether it keeps what the
// queue needs (docs/monitors.md). A real one is asked, by the requests that the queue makes.
import { type Check, checks, type Finding } from "./check-monitor/checks.ts";
import { type CheckMonitorCommand, parseCommandLine, usage } from "./check-monitor/command-line.ts";
import { createVisit } from "./check-monitor/visit.ts";
import { strikeOut } from "./secret-mask.ts";
import { Unexpected } from "./self-test/reply.ts";

type Outcome = Finding["outcome"] | "failed";
const shown: Readonly<Record<Outcome, string>> = { ok: "ok  ", note: "note", failed: "FAIL", skipped: "skip" };

const commandLine = parseCommandLine(process.argv.slice(2), process.env);
switch (commandLine.kind) {
  case "help":
    console.log(usage);
    break;
  case "wrong":
    console.error(`${commandLine.why} (--help says more.)`);
    process.exitCode = 2;
    break;
  case "run":
    process.exitCode = await checkMonitor(commandLine.command);
    break;
}

/** Returns the exit code. */
async function checkMonitor(command: CheckMonitorCommand): Promise<number> {
  const situation = { visit: createVisit(command), command, found: {} };
  const counts: Record<Outcome, number> = { ok: 0, note: 0, failed: 0, skipped: 0 };
  const print = (line: object, words: string) => {
    console.log(strikeOut(command.json ? JSON.stringify(line) : words, command.token));
  };
  for (const [name, check] of Object.entries(checks)) {
    const { outcome, seen } = await run(check);
    counts[outcome] += 1;
    print({ event: "check", check: name, outcome, seen }, `${shown[outcome]}  ${name.padEnd(15)}  ${seen}`);
    // the others would say the same
    if (outcome === "failed" && name === "dashboard") break;
  }
  const { ok, note, failed, skipped } = counts;
  print(
    { event: "sum", ok, notes: note, failed, skipped },
    `${ok} ok, ${note} notes, ${failed} failed, ${skipped} skipped`,
  );
  return failed > 0 ? 1 : 0;

  async function run(check: Check): Promise<{ readonly outcome: Outcome; readonly seen: string }> {
    try {
      return await check(situation);
    } catch (error) {
      if (!(error instanceof Unexpected)) throw error;
      return { outcome: "failed", seen: error.message };
    }
  }
}
