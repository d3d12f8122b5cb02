// Re-runs and lost starts by the thousand, in simulated worlds in which GitHub loses and doubles
// its events and instances die: `npm run simulate:reruns -- --reruns 10000`.
import { parseArgs } from "node:util";
import { runReruns } from "../test/simulation/reruns/rerun-world.ts";

const usage = `Usage: npm run simulate:reruns -- [--reruns N] [--seed N] [--lost SHARE] [--doubled SHARE] [--crash-every SECONDS]

Worlds of 1,000 re-runs each, one seed after the other (10000, 1, 0.05, 0.05, 60; --crash-every 0: nobody dies). 3 of 100
reserved runners die before they get their job, 2 get it too late. Exit code 0: every job of GitHub's got one runner, and none got two.`;

const { values } = parseArgs({
  options: {
    reruns: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    lost: { type: "string", default: "0.05" },
    doubled: { type: "string", default: "0.05" },
    "crash-every": { type: "string", default: "60" },
    help: { type: "boolean", short: "h" },
  },
});
const number = (text: string): number => {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  console.error(`${text} is no number.\n\n${usage}`);
  process.exit(2);
};
if (values.help === true) {
  console.log(usage);
  process.exit(0);
}
const wanted = number(values.reruns);
const sum = { jobs: 0, reruns: 0, lostStarts: 0, lostEvents: 0, doubledEvents: 0, crashes: 0, questions: 0, hours: 0 };
const wrong = { unserved: 0, extraRunners: 0, servedTwice: 0, bugs: 0 };
const replacedAfterMs: number[] = [];
for (let seed = number(values.seed); sum.reruns < wanted; seed++) {
  const result = await runReruns({
    seed,
    reruns: Math.min(1_000, wanted - sum.reruns),
    lost: number(values.lost),
    doubled: number(values.doubled),
    crashEveryMs: number(values["crash-every"]) * 1_000,
    dead: 0.03,
    late: 0.02,
    startWatch: "act",
    hasApi: true,
    untilMs: 48 * 3_600_000,
  });
  sum.jobs += result.jobs;
  sum.reruns += result.reruns;
  sum.lostStarts += result.starts.lost;
  sum.lostEvents += result.events.lost;
  sum.doubledEvents += result.events.doubled;
  sum.crashes += result.crashes;
  sum.questions += result.questions.length;
  sum.hours += result.simulatedMs / 3_600_000;
  replacedAfterMs.push(...result.replacedAfterMs);
  for (const what of ["unserved", "extraRunners", "servedTwice", "bugs"] as const) {
    wrong[what] += result[what].length;
    if (result[what].length > 0) console.log(`seed ${seed}: ${what}`, result[what].slice(0, 5));
  }
  console.log(`seed ${seed}: ${sum.reruns} re-runs`);
}
const inOrder = replacedAfterMs.toSorted((a, b) => a - b);
const secondsAt = (share: number) => Math.round((inOrder[Math.floor(share * (inOrder.length - 1))] ?? 0) / 1_000);
console.log({
  ...sum,
  hours: Math.round(sum.hours),
  replacedAfterSeconds: { p50: secondsAt(0.5), p99: secondsAt(0.99), max: secondsAt(1) },
});
console.log(wrong);
process.exit(Object.values(wrong).every((count) => count === 0) ? 0 : 1);
