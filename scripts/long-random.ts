// The random command sequences of the conformance suite, for as long as one likes: `npm run
// test:long -- --sequences 100000`.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const usage = `Usage: npm run test:long -- [--sequences N] [--share N] [--seed N]

Runs N random command sequences (50000) on the embedded store and checks the invariants after every step. About one of
so many (--share, 4) runs on Redis, too, and is compared step by step. Exit code 0 when all is well.`;
const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "50000" },
    share: { type: "string", default: "4" },
    seed: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (
  ![values.sequences, values.share].every((text) => /^[1-9]\d*$/.test(text)) ||
  (values.seed !== undefined && !/^-?\d+$/.test(values.seed))
) {
  console.error(`--sequences, --share and --seed take whole numbers.\n\n${usage}`);
  process.exit(2);
}
const environment = {
  ...process.env,
  RANDOM_SEQUENCES: values.sequences,
  RANDOM_SHARE: values.share,
  RANDOM_SEED: values.seed ?? String(Date.now() % 2 ** 31),
};
const run = spawnSync("vitest", ["run", "test/conformance/random.test.ts"], { stdio: "inherit", env: environment });
process.exit(run.status ?? 1);
