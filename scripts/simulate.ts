// Simulated hours of the whole queue, as many as one likes: `npm run simulate -- --hours 1000
// --seed 1`. Prints the story of the job concerned where a promise is broken.
import { parseArgs } from "node:util";
import { type FaultKind, faultKinds, noFaultsCounted } from "../test/simulation/fault-tally.ts";
import { type SimulationResult, simulate } from "../test/simulation/simulate.ts";
import { type TroubleName, troubleNames } from "../test/simulation/storms.ts";

const usage = `Usage: npm run simulate -- [--hours N] [--seed N] [--minutes N] [--jobs N] [--troubles a,b] [--fetching a,b] [--twice] [--json]

Runs simulated worlds one after the other, each from a seed of its own, until so many hours have passed in them.

  --hours N      simulated hours in all (20)
  --seed N       the first world's seed; each next one's is one more (1)
  --minutes N    how long a world lasts (30)
  --jobs N       jobs an hour (400)
  --troubles a,b what may go wrong; by default all. "none": nothing
                 ${troubleNames.join(" ")}
  --fetching a,b hosts (m0 to m3) that fetch their takes instead of being called
  --twice        runs each world twice and compares the traces
  --json         one JSON document in the end instead of words

Exit code 0: every promise was kept. 1: one was broken; its story is printed, and the seed. 2: not understood.`;

interface Options {
  readonly hours: number;
  readonly seed: number;
  readonly minutes: number;
  readonly jobsPerHour: number;
  readonly troubles: readonly TroubleName[] | undefined;
  readonly fetching: readonly string[];
  readonly isTwice: boolean;
  readonly isJson: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      hours: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "30" },
      jobs: { type: "string", default: "400" },
      troubles: { type: "string" },
      fetching: { type: "string" },
      twice: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(usage);
    process.exit(0);
  }
  const numberOf = (text: string, name: string): number => {
    if (!/^\d{1,9}(\.\d+)?$/.test(text)) throw new Error(`--${name} takes a number`);
    return Number(text);
  };
  const named = values.troubles === "none" ? [] : values.troubles?.split(",");
  const isTrouble = (name: string): name is TroubleName => troubleNames.some((known) => known === name);
  const unknown = named?.find((name) => !isTrouble(name));
  if (unknown !== undefined) throw new Error(`--troubles: there is no ${unknown}`);
  return {
    hours: numberOf(values.hours, "hours"),
    seed: numberOf(values.seed, "seed"),
    minutes: numberOf(values.minutes, "minutes"),
    jobsPerHour: numberOf(values.jobs, "jobs"),
    troubles: named?.filter(isTrouble),
    fetching: values.fetching?.split(",") ?? [],
    isTwice: values.twice,
    isJson: values.json,
  };
}

function readOptions(): Options {
  try {
    return parseOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}

const options = readOptions();
const { hours, minutes, jobsPerHour, troubles, fetching } = options;
const faults = noFaultsCounted();
const total = { worlds: 0, jobs: 0, events: 0, simulatedMs: 0 };
const cpu = process.cpuUsage();
let failed: SimulationResult | null = null;
for (let seed = options.seed; failed === null && total.simulatedMs < hours * 3_600_000; seed++) {
  const world = { seed, minutes, jobsPerHour, fetching, ...(troubles !== undefined && { troubles }) };
  const result = await simulate(world);
  total.worlds += 1;
  total.jobs += result.jobs;
  total.events += result.events;
  total.simulatedMs += result.simulatedMs;
  for (const kind of Object.keys(faultKinds) as FaultKind[]) faults[kind] += result.faults[kind];
  if (result.broken.length > 0) failed = result;
  if (options.isTwice && (await simulate(world)).hash !== result.hash) {
    const sentence = `a seed has one trace: seed ${seed} has two`;
    failed = { ...result, broken: [{ promise: "one_answer", sentence }, ...result.broken] };
  }
  if (total.worlds % 10 === 0)
    process.stderr.write(`${(total.simulatedMs / 3_600_000).toFixed(1)} hours, seed ${seed}\n`);
}
const { user, system } = process.cpuUsage(cpu);
const cpuSeconds = (user + system) / 1e6;
const simulatedHours = total.simulatedMs / 3_600_000;
if (options.isJson) {
  console.log(JSON.stringify({ ...total, simulatedHours, cpuSeconds, faults, failed }, null, 2));
} else {
  const perHour = cpuSeconds / simulatedHours;
  console.log(
    `${simulatedHours.toFixed(1)} hours in ${total.worlds} worlds: ${total.jobs} jobs, ${total.events} events`,
  );
  console.log(`${cpuSeconds.toFixed(0)} s of CPU, ${perHour.toFixed(2)} s an hour`);
  for (const [kind, count] of Object.entries(faults)) {
    console.log(`${String(count).padStart(8)}  ${kind.padEnd(26)} ${faultKinds[kind as FaultKind]}`);
  }
  if (failed !== null) {
    console.log(`\nseed ${failed.seed} breaks a promise:`);
    for (const { sentence } of failed.broken.slice(0, 3)) console.log(`  ${sentence}`);
    console.log(failed.story.join("\n"));
  }
}
process.exitCode = failed === null ? 0 : 1;
