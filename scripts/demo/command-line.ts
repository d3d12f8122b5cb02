// Reads the command line of `npm run demo`. Pure: what is wrong with it comes back as one sentence.
import { parseArgs } from "node:util";
import { invocationOf } from "../invocation.ts";

export const usage = `The real service, three simulated monitors (one behind NAT), and workflow steps that use real curl:
watch the line move.

${invocationOf("demo")} [options]
  --seconds <n>  end by itself after this many seconds (until Ctrl-C)
  --json         print one JSON object per event
  --help         print this

Exits with 0, with 1 if something went wrong (the summary says what), with 2 if it was called wrongly or curl is missing.`;

export interface DemoCommand {
  readonly seconds: number | null;
  readonly json: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly command: DemoCommand }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string };

export function parseCommandLine(args: string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (values.seconds !== undefined && !/^[1-9]\d{0,4}$/.test(values.seconds)) {
      return { kind: "wrong", why: `--seconds must be a whole number from 1 to 99999, not "${values.seconds}".` };
    }
    const seconds = values.seconds === undefined ? null : Number(values.seconds);
    return { kind: "run", command: { seconds, json: values.json } };
  } catch (error) {
    // What parseArgs throws: the first line is a sentence.
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "wrong", why: why.split("\n")[0] ?? why };
  }
}
