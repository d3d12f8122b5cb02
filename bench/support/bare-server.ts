// The other yardstick of bench/poll.ts: Node's own server with the headers of a waiting poll, and
// no framework. Prints the port that it listens on.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { reasonsPath, retryMessages } from "../../src/http/retry-messages.ts";

const server = createServer((_, response) => {
  response.writeHead(503, {
    "content-length": "0",
    "retry-after": "5",
    "x-queue-position": "20",
    "x-queue-reason": "no_capacity",
    "x-queue-message": retryMessages.no_capacity,
    link: `<${reasonsPath}#no_capacity>; rel="help"`,
    "x-queue-estimate": "unknown",
    "cache-control": "no-store",
  });
  response.end();
});
server.keepAliveTimeout = 75_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
