// The other yardstick of bench/poll.ts: Node's own server with the headers of a waiting poll, and
// no framework. Prints the port that it listens on.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitingHeaders } from "./waiting-headers.ts";

const server = createServer((_, response) => {
  response.writeHead(503, waitingHeaders);
  response.end();
});
server.keepAliveTimeout = 75_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
