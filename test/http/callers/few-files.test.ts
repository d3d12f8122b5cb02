// The whole service where files are scarce: silent connections of one address do not keep others
// out.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { endWithUs } from "../../../scripts/end-with-us.ts";
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

function curlHealth(port: number, from: string): Promise<string> {
  const args = ["-sS", "-m", "20", "-w", "%{http_code}", "--interface", from, `http://127.0.0.1:${port}/healthz`];
  return new Promise((resolve) => {
    execFile("curl", args, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

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
