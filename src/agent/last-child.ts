// Whether a command that an earlier agent began still runs: an agent that is killed leaves its
// commands behind, and one of them may yet reserve. Each of ours holds a pipe by the file system
// open for writing, with whatever it starts in turn. When nobody has it open, nobody is left.
import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";

export interface LastChild {
  /** Whether commands of an earlier agent still run. */
  isAnyLeft(): boolean;
  /** A file descriptor for a command to inherit. The caller closes it once the command has started. */
  openForChild(): number;
}

/** @param path of the pipe, which is made where there is none */
export function createLastChild(path: string): LastChild {
  const makePipe = () => {
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    execFileSync("mkfifo", ["-m", "600", path]);
  };
  return {
    isAnyLeft: () => {
      makePipe();
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        // nothing is ever written: 0 bytes is the end of a pipe that nobody has open for writing
        return readSync(reader, new Uint8Array(1)) !== 0;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return true;
        throw error;
      } finally {
        closeSync(reader);
      }
    },
    openForChild: () => {
      makePipe();
      return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    },
  };
}
