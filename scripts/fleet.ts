// `npm run fleet`: simulated monitors to try runner-queue against. Prints where they are, the
// MONITORS line to copy, and then a line per event until Ctrl-C. Exits with 0, or 2 where it was
// called wrongly (a port that is taken included).
import { type FleetCommand, parseCommandLine, usage } from "./simulated-fleet/command-line.ts";
import { type SimulatedFleet, startSimulatedFleet } from "./simulated-fleet/fleet.ts";
import { fastHabits, realisticHabits } from "./simulated-fleet/habits-and-faults.ts";
import type { RunnerChange, SimulatedMonitor, SimulatedRunner } from "./simulated-fleet/monitor.ts";

const eventNames: Record<RunnerChange, string> = {
  reserved: "taken",
  busy: "busy",
  gone: "gone",
  idle: "idle anew",
};

const commandLine = parseCommandLine(process.argv.slice(2));
switch (commandLine.kind) {
  case "help":
    console.log(usage);
    break;
  case "wrong":
    failUsage(commandLine.why);
    break;
  case "run":
    await runFleet(commandLine.command);
    break;
}

async function runFleet(command: FleetCommand): Promise<void> {
  const fleet = await startOrFail(command);
  if (fleet === null) return;
  for (const { monitor, faults } of command.faults) Object.assign(fleet.monitors[monitor]?.faults ?? {}, faults);
  printStart(command, fleet);
  for (const monitor of fleet.monitors) printEvents(command, monitor);
  const { queue, token } = command;
  if (queue !== null) fleet.fetchFrom({ url: queue, token, say: (name, words) => printAgent(command, name, words) });
  await toldToStop(command.seconds);
  await fleet.close();
}

async function startOrFail(command: FleetCommand): Promise<SimulatedFleet | null> {
  try {
    return await startSimulatedFleet({
      monitors: command.monitors,
      perMonitor: command.profiles,
      token: command.token,
      host: command.host,
      basePort: command.port,
      pulling: command.pulling,
      // A job that never starts makes a dull fleet to look at: by default one starts after a
      // second.
      habits: {
        ...(command.realistic ? realisticHabits : { ...fastHabits, startsAfterMs: 1000 }),
        reservationForm: command.reservationForm,
      },
    });
  } catch (error) {
    failUsage(`Cannot listen: ${error instanceof Error ? error.message : String(error)}.`);
    return null;
  }
}

function failUsage(why: string): void {
  console.error(why);
  process.exitCode = 2;
}

function printStart(command: FleetCommand, { monitors, monitorsSetting }: SimulatedFleet): void {
  const { json, token, pulling, queue } = command;
  if (json) {
    const listening = monitors.map(({ name, url }) => ({ name, url }));
    console.log(JSON.stringify({ event: "listening", monitors: listening, MONITORS: monitorsSetting }));
    return;
  }
  for (const { name, url } of monitors) {
    console.log(`${name}  ${url}/dashboard.json${pulling.includes(name) ? `  (fetches its takes from ${queue})` : ""}`);
  }
  console.log(`\nTakes must carry "Authorization: Bearer ${token}".\nMONITORS=${monitorsSetting}\n`);
}

function printEvents({ json }: FleetCommand, monitor: SimulatedMonitor): void {
  monitor.onRunnerChange((change: RunnerChange, runner: SimulatedRunner) => {
    const at = new Date().toISOString();
    const event = eventNames[change];
    if (json) {
      const { id, profile, reservedFor } = runner;
      console.log(JSON.stringify({ event, at, monitor: monitor.name, runner: id, profile, reservedFor }));
      return;
    }
    const reservedFor = runner.reservedFor === null ? "" : `  for ${runner.reservedFor}`;
    console.log(`${at}  ${monitor.name}  ${event.padEnd(9)}  ${runner.profile} runner ${runner.id}${reservedFor}`);
  });
}

function printAgent({ json }: FleetCommand, monitor: string, words: string): void {
  const at = new Date().toISOString();
  console.log(
    json ? JSON.stringify({ event: "agent", at, monitor, words }) : `${at}  ${monitor}  ${"agent".padEnd(9)}  ${words}`,
  );
}

/** Resolves upon Ctrl-C, a polite kill, or when the time is up. */
function toldToStop(seconds: number | null): Promise<void> {
  return new Promise((resolve) => {
    const timer = seconds === null ? null : setTimeout(stop, seconds * 1000);
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    function stop(): void {
      if (timer !== null) clearTimeout(timer);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    }
  });
}
