// Shared lines by the million jobs: what `explain` tells of who may still pass a job has to hold.
// `npm run simulate:shares -- --jobs 1000000`
import { parseArgs } from "node:util";
import { runRandomShares } from "../test/queue/line/random-shares.ts";

const usage = `Usage: npm run simulate:shares -- [--jobs N] [--seed N]

Lines of 20,000 jobs each, one seed after the other (1000000, 1). Exit code 0: nobody was passed by more jobs than explain
told when they came, nor by a later job of their own flow; 1: somebody was; 2: called wrongly.`;

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h" },
  },
});
const number = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${text} is no whole number.\n\n${usage}`);
  process.exit(2);
};
if (values.help === true) {
  console.log(usage);
  process.exit(0);
}
const wanted = number(values.jobs);
const sum = { jobs: 0, claims: 0, looked: 0, broken: 0 };
for (let seed = number(values.seed); sum.jobs < wanted; seed++) {
  const { jobs, claims, looked, broken } = runRandomShares(Math.min(20_000, wanted - sum.jobs), seed);
  sum.jobs += jobs;
  sum.claims += claims;
  sum.looked += looked;
  sum.broken += broken.length;
  for (const sentence of broken.slice(0, 5)) console.log(`seed ${seed}: ${sentence}`);
  console.log(`seed ${seed}: ${sum.jobs} jobs, ${sum.broken} broken`);
}
console.log(JSON.stringify(sum));
process.exitCode = sum.broken > 0 ? 1 : 0;
