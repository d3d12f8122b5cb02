// Small worlds for as long as one likes: every order of events with more faults than the tests have
// (test/simulation/exhaustive).
import { parseArgs } from "node:util";
import { searchWorld } from "../test/simulation/exhaustive/search.ts";
import { enough, shared, tooFew } from "../test/simulation/exhaustive/small-world.ts";

const usage = `Usage: npm run worlds -- [--crashes N] [--pauses N] [--lost-replies N] [--late-snapshots N] [--races N] [--ticks N]
                        [--tick-ms N] [--too-few] [--shared] [--wide] [--max-states N] [--end-every N]

Looks at every state that two jobs (of one runner and of two), two monitors and two instances can come to, whatever the
order of events, and checks every promise at every step. There are three runners, or two (--too-few); with
--shared two repositories share the line, and the later job goes first; with --wide each client asks
any instance, and any monitor's dashboard may come late. Where nothing is given, that is one of each
fault but pauses, and two ticks of 3100 ms. Prints what was covered, and the events that led to a
broken promise. Exit code 0 when none was and all was seen.`;

const number = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${text} is no whole number.\n\n${usage}`);
  process.exit(2);
};
const { values } = parseArgs({
  options: {
    crashes: { type: "string", default: "1" },
    pauses: { type: "string", default: "0" },
    "lost-replies": { type: "string", default: "1" },
    "late-snapshots": { type: "string", default: "1" },
    races: { type: "string", default: "1" },
    ticks: { type: "string", default: "2" },
    "tick-ms": { type: "string", default: "3100" },
    shared: { type: "boolean", default: false },
    "too-few": { type: "boolean", default: false },
    wide: { type: "boolean", default: false },
    "max-states": { type: "string", default: "10000000" },
    "end-every": { type: "string", default: "1000" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const budget = {
  crashes: number(values.crashes),
  pauses: number(values.pauses),
  lostReplies: number(values["lost-replies"]),
  races: number(values.races),
  lateSnapshots: number(values["late-snapshots"]),
  ticks: number(values.ticks),
};
const plan = {
  ...(values.shared ? shared : values["too-few"] ? tooFew : enough),
  tickMs: number(values["tick-ms"]),
  ...(values.wide && { roaming: ["a", "b"], late: ["m0", "m1"] }),
  budget,
};
const began = performance.now();
const { fault, looks, events, ...coverage } = searchWorld(
  plan,
  number(values["max-states"]),
  number(values["end-every"]),
);
const seconds = Math.round((performance.now() - began) / 1000);
console.log({ ...coverage, seconds, events, looks: Object.fromEntries(looks) });
if (fault !== null) console.log([...fault.broken.map(({ sentence }) => sentence), ...fault.story].join("\n"));
process.exit(fault === null && coverage.isWhole ? 0 : 1);
