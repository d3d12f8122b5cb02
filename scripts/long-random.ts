// The random command sequences of the conformance suite, for as long as one likes: `npm run test:long -- --sequences 100000`.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const usage = `Usage: npm run test:long -- [--sequences N] [--seed N]

Runs N random command sequences (50000) against both stores and compares them step by step. Exit code 0 when all agree.`;
const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "50000" },
    seed: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (!/^\d+$/.test(values.sequences) || (values.seed !== undefined && !/^-?\d+$/.test(values.seed))) {
  console.error(`--sequences and --seed take whole numbers.\n\n${usage}`);
  process.exit(2);
}
const environment = {
  ...process.env,
  RANDOM_SEQUENCES: values.sequences,
  ...(values.seed === undefined ? {} : { RANDOM_SEED: values.seed }),
};
const run = spawnSync("vitest", ["run", "test/conformance/random.test.ts"], { stdio: "inherit", env: environment });
process.exit(run.status ?? 1);
