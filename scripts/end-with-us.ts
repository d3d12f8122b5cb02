// Child processes that must not outlive us, however we end: a test runner, a bench or a demo may be
// killed, and then no handler of ours runs any more. So a shell waits beside us, on a pipe that
// only we hold open: when the pipe breaks, it ends who is left.
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * Knows each child by a variable of its pid. A child that leads a group is ended with its group.
 */
const script = `
while read -r what pid; do
  case $what in
    began) eval "child_$pid=$pid" ;;
    ended) unset "child_$pid" ;;
  esac
done
for pid in $(set | sed -n "s/^child_[0-9]*='*\\([0-9]*\\)'*$/\\1/p"); do
  kill -s KILL -- "-$pid" || kill -s KILL "$pid"
done`;

let pipe: Writable | undefined;

/** Ends `child` with SIGKILL as soon as this process is over, whatever ended it. */
export function endWithUs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  pipe ??= startWatch();
  pipe.write(`began ${pid}\n`);
  child.once("exit", () => pipe?.write(`ended ${pid}\n`));
}

function startWatch(): Writable {
  // a group of its own: Ctrl-C is not for it
  const watch = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watch.on("error", () => {});
  watch.stdin.on("error", () => {});
  watch.unref();
  // it must not keep us running
  (watch.stdin as unknown as { unref(): void }).unref();
  return watch.stdin;
}
