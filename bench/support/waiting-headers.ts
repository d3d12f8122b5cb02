// The headers of a waiting poll, as a server that knows nothing else would send them.
import { reasonsPath, retryMessages } from "../../src/http/retry-messages.ts";

export const waitingHeaders = {
  "content-length": "0",
  "retry-after": "5",
  "x-queue-position": "20",
  "x-queue-reason": "no_capacity",
  "x-queue-message": retryMessages.no_capacity,
  link: `<${reasonsPath}#no_capacity>; rel="help"`,
  "x-queue-estimate": "unknown",
  "cache-control": "no-store",
};
