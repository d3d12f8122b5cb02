// Reads the command line of `npm run fleet`. Pure: what is wrong with it comes back as one
// sentence.
import { parseArgs } from "node:util";
import { invocationOf } from "../invocation.ts";
import { parseQueueUrl } from "../queue-address.ts";
import {
  dashboardFaults,
  type Faults,
  type ReservationForm,
  reservationForms,
  takeFaults,
} from "./habits-and-faults.ts";

export const usage = `Simulated monitors for trying things out, with the API and habits of real ones.

${invocationOf("fleet")} [options]
  --monitors <n>                 how many monitors (3)
  --profile <key>=<n>            runners of a profile at each monitor; may be repeated (linux=2)
  --host <address>               address to listen on (127.0.0.1)
  --port <n>                     port of the first monitor, the others follow; 0: any free ones (9000)
  --token <text>                 the bearer token a take must carry (secret)
  --pull <monitor>               this one fetches its takes, as behind NAT, for example ci1; may be repeated. <monitor>=pull
                                 in the queue's MONITORS; its bearer there is that of --token
  --queue <url>                  where it fetches them
  --realistic                    take as long as real monitors, runners and jobs do
  --reservations <${reservationForms.join("|")}>  how they are shown: by labels, or as the monitor's next version does (label)
  --fault <monitor>:<what>=<how> for example ci1:take=hang; may be repeated. <what> and <how>:
                                   take=${takeFaults.join("|")}
                                   dashboard=${dashboardFaults.join("|")}
                                   takeDelayMs=<n>, times=<n>
  --seconds <n>                  stop after this many seconds (never)
  --json                         print one JSON object per line
  --help                         print this`;

export interface FleetCommand {
  monitors: number;
  profiles: Record<string, number>;
  host: string;
  port: number;
  token: string;
  /** Names of monitors that fetch their takes from `queue`. */
  pulling: string[];
  /** Null: none fetches. */
  queue: string | null;
  realistic: boolean;
  reservationForm: ReservationForm;
  faults: { monitor: number; faults: Partial<Faults> }[];
  seconds: number | null;
  json: boolean;
}

export type CommandLine = { kind: "run"; command: FleetCommand } | { kind: "help" } | { kind: "wrong"; why: string };

export function parseCommandLine(args: string[]): CommandLine {
  try {
    const values = parseOptions(args);
    if (values.help) return { kind: "help" };
    const monitors = wholeNumber("--monitors", values.monitors, 1, 100);
    const command: FleetCommand = {
      monitors,
      profiles: Object.fromEntries(values.profile.map(parseProfile)),
      host: values.host,
      port: wholeNumber("--port", values.port, 0, 65_536 - monitors),
      token: values.token,
      pulling: values.pull.map((name) => nameAmong(`--pull ${name}`, name, monitors)),
      queue: values.queue === undefined ? null : parseQueueUrl(values.queue, "--queue"),
      realistic: values.realistic,
      reservationForm: oneOf(`--reservations ${values.reservations}`, values.reservations, reservationForms),
      faults: values.fault.map((text) => parseFault(text, monitors)),
      seconds: values.seconds === undefined ? null : wholeNumber("--seconds", values.seconds, 1, 86_400),
      json: values.json,
    };
    if (command.token === "") throw new Error("--token must not be empty.");
    if ((command.queue === null) !== (command.pulling.length === 0)) throw new Error("--pull and --queue go together.");
    return { kind: "run", command };
  } catch (error) {
    // parseArgs throws too; the first line of what it says is a sentence as well.
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "wrong", why: why.split("\n")[0] ?? why };
  }
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      monitors: { type: "string", default: "3" },
      profile: { type: "string", multiple: true, default: ["linux=2"] },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "9000" },
      token: { type: "string", default: "secret" },
      pull: { type: "string", multiple: true, default: [] },
      queue: { type: "string" },
      realistic: { type: "boolean", default: false },
      reservations: { type: "string", default: "label" },
      fault: { type: "string", multiple: true, default: [] },
      seconds: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`${what} must be a whole number from ${least} to ${most}, not "${text}".`);
  }
  return value;
}

function parseProfile(text: string): [string, number] {
  const [, key, count] = /^([^=/]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || count === undefined) {
    throw new Error(`--profile must look like linux=2, not "${text}".`);
  }
  return [key, wholeNumber(`--profile ${key}`, count, 0, 1000)];
}

function parseFault(text: string, monitors: number): { monitor: number; faults: Partial<Faults> } {
  const [, index, what, how] = /^ci(\d+):(\w+)=(.+)$/.exec(text) ?? [];
  if (index === undefined || what === undefined || how === undefined) {
    throw new Error(`--fault must look like ci1:take=hang, not "${text}".`);
  }
  nameAmong(`--fault ${text}`, `ci${index}`, monitors);
  return { monitor: Number(index), faults: parseFaultSetting(text, what, how) };
}

function nameAmong(option: string, name: string, monitors: number): string {
  const isThere = /^ci(0|[1-9]\d*)$/.test(name) && Number(name.slice(2)) < monitors;
  if (!isThere) throw new Error(`${option}: there is no ${name} among ${monitors} monitors.`);
  return name;
}

function parseFaultSetting(text: string, what: string, how: string): Partial<Faults> {
  switch (what) {
    case "take":
      return { take: oneOf(`--fault ${text}`, how, takeFaults) };
    case "dashboard":
      return { dashboard: oneOf(`--fault ${text}`, how, dashboardFaults) };
    case "takeDelayMs":
      return { takeDelayMs: wholeNumber(`--fault ${text}: takeDelayMs`, how, 0, 3_600_000) };
    case "times":
      return { times: wholeNumber(`--fault ${text}: times`, how, 1, 1_000_000) };
    default:
      throw new Error(`--fault ${text}: "${what}" is none of take, dashboard, takeDelayMs, times.`);
  }
}

function oneOf<Choice extends string>(option: string, how: string, choices: readonly Choice[]): Choice {
  const chosen = choices.find((choice) => choice === how);
  if (chosen === undefined) throw new Error(`${option}: "${how}" is none of ${choices.join(", ")}.`);
  return chosen;
}
