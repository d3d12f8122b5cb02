// `npm run queuectl`: the operator's hand. Looks at a live queue, drains and pauses, cancels, and
// tells what happened.
import { runQueuectl } from "./queuectl/run.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads us has seen enough, as in `| head -1`.
  if (error.code === "EPIPE") process.exit(0);
  console.error(`Cannot print: ${error.message}.`);
  process.exit(1);
});
process.exitCode = await runQueuectl(process.argv.slice(2), process.env, {
  print: (text) => console.log(text),
  complain: (text) => console.error(text),
  screen: process.stdout.isTTY
    ? { widthCharacters: () => process.stdout.columns || 80, heightLines: () => process.stdout.rows || 24 }
    : null,
});
