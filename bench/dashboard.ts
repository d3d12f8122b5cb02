// Question: what does it cost the polls when people watch? One service on Redis with waiting
// pollers at full throughput, in turn alone and with 50 reads of dashboard.json a second, one
// follower of /events and a scrape of /metrics a second; 100 jobs wait, and 500 that are over are
// in the history. And what counting for /metrics costs a poll, without any HTTP or store around it.
import { createMetrics } from "../src/metrics/metrics.ts";
import type { QueueEvent } from "../src/queue/events.ts";
import { openConnections } from "./support/connection.ts";
import {
  everybodyStays,
  fillLine,
  mapInFlight,
  pollRequests,
  profileKey,
  startFullHouse,
} from "./support/full-house.ts";
import { createOnlookers } from "./support/onlookers.ts";
import { atLeast, atMost, type BenchOptions, median, type Report, round, runBench } from "./support/report.ts";
import { alternate, createPolling, pairedRatio, resultOf } from "./support/rounds.ts";

const waitingJobs = 100;
const jobsThatAreOver = 500;
const clients = 32;
const readsPerSecond = 50;
/** So long that what happens once a second happens in each round. */
const roundMs = 2_000;

await runBench(40, measure);

async function measure({ seconds }: BenchOptions): Promise<Report> {
  const countingNs = await measureCounting();
  await using house = await startFullHouse(everybodyStays);
  const over = await fillLine(house.queue, jobsThatAreOver);
  await mapInFlight(over.length, (at) => house.queue.cancel(profileKey, over[at]?.uniqueId ?? "", null));
  const requests = await pollRequests(await fillLine(house.queue, waitingJobs));
  const { url, pid } = house.service;
  const poll = createPolling(await openConnections(url, clients), requests);
  const onlookers = await createOnlookers(url, readsPerSecond);
  let watchedMs = 0;
  const pids = [pid, house.redisPid];
  const results = await alternate(
    [
      { name: "alone", pids, run: poll },
      {
        name: "watched",
        pids,
        run: async (ms) => {
          const stopping = new AbortController();
          const watching = onlookers.watch(stopping.signal);
          const done = await poll(ms);
          stopping.abort();
          await watching;
          watchedMs += done.ms;
          return done;
        },
      },
    ],
    seconds,
    roundMs,
  );
  onlookers.close();
  const [alone, watched] = [resultOf(results, "alone"), resultOf(results, "watched")];
  const { reads, scrapes, events, slowestReadMs } = onlookers.seen;
  const perSecond = (count: number) => (count * 1000) / watchedMs;
  const ratio = pairedRatio(watched, alone);
  return {
    question: `Polls of ${waitingJobs} waiting jobs on Redis (${clients} connections), watched and alone`,
    figures: {
      "alone, polls/s": alone.perSecond,
      "watched, polls/s": watched.perSecond,
      "rounds of each": alone.rounds.length,
      "alone, CPU µs per poll: service + Redis": alone.cpuUs.map((us) => round(us)).join(" + "),
      "watched, CPU µs per poll: service + Redis": watched.cpuUs.map((us) => round(us)).join(" + "),
      "dashboard.json read, per second": perSecond(reads),
      "slowest of them, ms": slowestReadMs,
      "/metrics scraped, per second": perSecond(scrapes),
      "/events seen, per second": perSecond(events),
      "counting a poll for /metrics, ns": countingNs,
    },
    goals: [
      atLeast("polls/s, watched / alone", ratio, 0.95),
      atMost("counting a poll for /metrics, ns", countingNs, 1_000),
    ],
  };
}

/**
 * What counting a poll costs: the median of some rounds, in turn with a loop that counts nothing.
 */
async function measureCounting(): Promise<number> {
  const counting = createMetrics().observe;
  const polls = 300_000;
  const timeNs = (observe: (event: QueueEvent) => void): number => {
    const begun = performance.now();
    for (let at = 0; at < polls; at++) observe({ kind: "poll_answered", outcome: "no_capacity" });
    return ((performance.now() - begun) * 1e6) / polls;
  };
  const added: number[] = [];
  for (let at = 0; at < 9; at++) {
    const without = timeNs(() => {});
    added.push(timeNs(counting) - without);
  }
  // the first ones warm up
  return median(added.slice(2));
}
