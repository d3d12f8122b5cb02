// The whole service where files are scarce: silent connections of one address do not keep others
// out.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { endWithUs } from "../../../scripts/end-with-us.ts";
import { enqueueForTicket } from "../../support/client.ts";
import { startMonitor } from "../../support/monitors.ts";
import { apiToken, monitorsSetting, monitorToken } from "../../support/service.ts";

const entry = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** The port of a service that may have no more than so many files. */
async function startWithFiles(maxFiles: number): Promise<number> {
  const monitor = await startMonitor();
  const settings = { MONITORS: monitorsSetting([monitor]), API_TOKENS: apiToken, MONITOR_API_TOKEN: monitorToken };
  const service = spawn("sh", ["-c", `ulimit -n ${maxFiles} && exec "$0" "$1"`, process.execPath, entry], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0", ...settings },
  });
  endWithUs(service);
  const ended = once(service, "close");
  onTestFinished(async () => {
    service.kill("SIGKILL");
    await ended;
  });
  for await (const line of createInterface({ input: service.stdout })) {
    const { msg, port } = JSON.parse(line) as { msg: string; port: number };
    if (msg === "listening") {
      service.stdout.resume();
      return port;
    }
  }
  throw new Error("the service ended before it listened");
}

function curl(from: string, url: string, ...more: string[]): Promise<string> {
  const args = ["-sS", "-m", "20", "-w", "%{http_code}", "--interface", from, ...more, url];
  return new Promise((resolve) => {
    execFile("curl", args, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

const curlHealth = (port: number, from: string) => curl(from, `http://127.0.0.1:${port}/healthz`);

it("700 silent connections of one address, with 1,000 files: everybody else is served, and that address hears 503", async () => {
  const port = await startWithFiles(1_000);
  let turnedAway = 0;
  const { promise: manyTurnedAway, resolve } = Promise.withResolvers<void>();
  for (let i = 0; i < 700; i++) {
    const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    socket.on("error", () => {});
    socket.once("close", () => {
      turnedAway += 1;
      if (turnedAway === 500) resolve();
    });
    socket.resume();
    onTestFinished(() => void socket.destroy());
  }
  // a quarter of 800 connections is 200
  await manyTurnedAway;
  expect(await curlHealth(port, "127.0.0.3")).toBe("ok\n200");
  expect(await curlHealth(port, "127.0.0.2")).toBe("503");
});

describe("a full house: 160 connections may be open, of which 20 are kept for those at the door", () => {
  const addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

  /** A connection from such an address. */
  function open(port: number, from: string): Socket {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  it("with silent connections: every other caller hears 503 and no reset, and health checks are answered", async () => {
    const port = await startWithFiles(200);
    const silent = Array.from({ length: 140 }, (_, n) => open(port, addresses[n % 3] ?? ""));
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    for (let round = 0; round < 5; round++) {
      expect(await curlHealth(port, "127.0.0.9")).toBe("ok\n200");
      expect(await curl("127.0.0.9", `http://127.0.0.1:${port}/readyz`)).toBe("ready\n200");
      const take = await curl("127.0.0.9", `http://127.0.0.1:${port}/take/x?token=y`, "-X", "POST", "-i");
      expect(take).toMatch(/^HTTP\/1\.1 503 .*x-queue-reason: too_many_connections.*\r\n\r\n503$/is);
      expect(take).toMatch(/connection: close/i);
    }
  });

  it("with held takes: whoever was held longest is answered early, for each that comes, and nobody hears 503 at the door", async () => {
    const port = await startWithFiles(200);
    const url = `http://127.0.0.1:${port}`;
    // so that all of them wait
    const headers = { authorization: `Bearer ${apiToken}` };
    expect((await fetch(`${url}/monitors/ci0/drain`, { method: "POST", headers })).status).toBe(200);
    const tickets: [id: string, ticket: string][] = [];
    for (let n = 0; n < 150; n++) {
      const ticket = await enqueueForTicket(url, { profile: "linux", uniqueId: `held-${n}` });
      tickets.push([`held-${n}`, ticket]);
    }
    const replies: { readonly n: number; readonly head: string }[] = [];
    const { promise: twentyAnswered, resolve } = Promise.withResolvers<void>();
    for (const [n, [id, ticket]] of tickets.entries()) {
      const socket = open(port, addresses[n % 3] ?? "");
      socket.setEncoding("latin1").once("data", (head: string) => {
        replies.push({ n, head });
        if (replies.length === 20) resolve();
      });
      await once(socket, "connect");
      socket.write(`POST /take/${id}?token=${ticket}&wait=20 HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
    await twentyAnswered;
    for (const { head } of replies.slice(0, 20)) {
      expect(head).toMatch(/^HTTP\/1\.1 503 /);
      expect(head).toMatch(/\r\nx-queue-position: \d+\r\n/i);
      expect(head).toMatch(/\r\nretry-after: 1\r\n/i);
      expect(head).toMatch(/\r\nconnection: close\r\n/i);
    }
    expect(Math.max(...replies.slice(0, 20).map(({ n }) => n)), "the first who came").toBeLessThan(60);
    const [id, ticket] = tickets[0] ?? ["", ""];
    expect(await curl("127.0.0.9", `${url}/take/${id}?token=${ticket}`, "-X", "POST", "-i")).toMatch(
      /x-queue-position/i,
    );
    expect(await curlHealth(port, "127.0.0.9")).toBe("ok\n200");
  });
});
