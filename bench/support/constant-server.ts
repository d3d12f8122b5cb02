// The yardstick of bench/poll.ts, as a process of its own: the same server, framework, route and
// headers as a waiting poll, and nothing behind them. Prints the port that it listens on.
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { waitingHeaders } from "./waiting-headers.ts";

const app = new Hono();
// the fastest that this server has: c.body copies the headers
app.post("/take/:uniqueId", () => new Response(null, { status: 503, headers: waitingHeaders }));
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => console.log(port)) as Server;
server.keepAliveTimeout = 75_000;
