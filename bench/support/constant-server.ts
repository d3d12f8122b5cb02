// The yardstick of bench/poll.ts, as a process of its own: the same server, framework, route and
// headers as a waiting poll, and nothing behind them. Prints the port that it listens on.
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { reasonsPath, retryMessages } from "../../src/http/retry-messages.ts";

const app = new Hono();
const headers = {
  "content-length": "0",
  "retry-after": "5",
  "x-queue-position": "20",
  "x-queue-reason": "no_capacity",
  "x-queue-message": retryMessages.no_capacity,
  link: `<${reasonsPath}#no_capacity>; rel="help"`,
  "x-queue-estimate": "unknown",
  "cache-control": "no-store",
};
// the fastest that this server has: c.body copies the headers
app.post("/take/:uniqueId", () => new Response(null, { status: 503, headers }));
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => console.log(port)) as Server;
server.keepAliveTimeout = 75_000;
