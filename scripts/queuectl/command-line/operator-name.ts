// Who sits at this computer, for the history of the queue.
import { hostname, userInfo } from "node:os";

/** user@host, as the queue takes it: at most 100 characters. */
export function nameOperator(): string {
  return `${loadUserName()}@${hostname()}`.slice(0, 100);
}

/** A container's user may have no name. */
function loadUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "somebody");
  }
}
