// A monitor that answers whatever it is told to, from a thread of its own: sending costs the thread
// that is measured nothing.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

/** `workerData`: bodies by the first part of the path. */
const program = `
  const { createServer } = require("node:http");
  const { parentPort, workerData } = require("node:worker_threads");
  const blank = Buffer.alloc(65536, 32);
  const server = createServer((request, response) => {
    const [, name] = request.url.split("/");
    const body = workerData.get(decodeURIComponent(name));
    if (body === undefined) return response.writeHead(404).end();
    if (body !== null) return response.writeHead(200).end(body);
    const go = () => { while (!response.destroyed && response.write(blank)); };
    response.on("drain", go);
    go();
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/**
 * Resolves with the base URL; the monitor of each body is at `<url>/<name>`. A body that is null
 * never ends.
 */
export async function startHostileMonitor(bodies: ReadonlyMap<string, Uint8Array | null>): Promise<string> {
  const worker = new Worker(program, { eval: true, workerData: bodies });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const [port] = (await once(worker, "message")) as [number];
  return `http://127.0.0.1:${port}`;
}

/**
 * The longest time that nothing else could run while `work` did, ms of this thread's CPU: what a
 * neighbour takes is not counted.
 */
export async function measureStall(work: () => Promise<unknown>): Promise<number> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let longestMs = 0;
  let last = cpuMs();
  const look = (): void => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  try {
    await work();
  } finally {
    look();
    clearInterval(timer);
  }
  return longestMs;
}
