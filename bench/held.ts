// Question: what does a request cost that is held while nothing happens? Memory of the service for
// each of 5,000 (those that turn up and those that come back at once when their time is over), and
// the processor's time while all of them just wait.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { openConnections } from "./support/connection.ts";
import { everybodyStays, fillLine, pollRequests, startFullHouse } from "./support/full-house.ts";
import { atMost, type BenchOptions, type Report, runBench } from "./support/report.ts";
import { cpuMs } from "./support/rounds.ts";

const held = 5_000;

await runBench(15, measure);

async function measure(options: BenchOptions): Promise<Report> {
  // within the 25 s that they are held
  const seconds = Math.min(options.seconds, 15);
  await using house = await startFullHouse(everybodyStays);
  const { pid, url } = house.service;
  const requests = await pollRequests(await fillLine(house.queue, held), `&wait=25`);
  const connections = await openConnections(url, held);
  // Connections alone, and a round of polls that are answered at once, so that only what is held is
  // counted.
  const plain = await pollRequests(await fillLine(house.queue, held));
  await Promise.all(connections.map((connection, at) => connection.send(plain[at] ?? "")));
  await delay(3_000);
  const before = residentKib(pid);
  const replies = connections.map((connection, at) => connection.send(requests[at] ?? ""));
  for (const reply of replies) reply.catch(() => {});
  await delay(5_000);
  const cpuBefore = cpuMs(pid) + cpuMs(house.redisPid);
  const begun = performance.now();
  await delay(seconds * 1_000);
  const share = (cpuMs(pid) + cpuMs(house.redisPid) - cpuBefore) / (performance.now() - begun);
  const during = residentKib(pid);
  for (const connection of connections) connection.close();
  return {
    question: `${held} requests held on one instance while nothing happens`,
    figures: {
      "resident before, MiB": before / 1024,
      "resident while held, MiB": during / 1024,
      "share of one core, service + Redis": share,
    },
    goals: [
      atMost("KiB of memory per held request", (during - before) / held, 30),
      atMost("share of one core, service + Redis", share, 0.5),
    ],
  };
}

/** VmRSS of proc(5). */
function residentKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
