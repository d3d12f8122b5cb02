// What the demo prints: where to look, one line per event, the line as a whole every few seconds,
// and the summary. As aligned columns for people, or as JSON for programs.
import type { JobAsked } from "../deployed-client.ts";
import type { Summary } from "./tally.ts";
import type { StepEvent } from "./workflow-step.ts";

export interface Place {
  readonly url: string;
  readonly bearer: string;
  readonly pid: number;
  readonly monitors: readonly { readonly name: string; readonly url: string; readonly isBehindNat: boolean }[];
}

/** How one profile's line stands. */
export interface ProfileStanding {
  readonly profile: string;
  readonly waiting: number;
  readonly idle: number;
  readonly runners: number;
}

export interface RunningAccount {
  started(place: Place): void;
  step(job: JobAsked, event: StepEvent): void;
  line(standings: readonly ProfileStanding[]): void;
  summary(summary: Summary): void;
}

export function createRunningAccount(json: boolean, print: (line: string) => void): RunningAccount {
  const begunAt = performance.now();
  return json ? accountInJson(begunAt, print) : accountInWords(begunAt, print);
}

function accountInJson(begunAt: number, print: (line: string) => void): RunningAccount {
  const write = (event: string, fields: object) =>
    print(JSON.stringify({ event, atMs: Math.round(performance.now() - begunAt), ...fields }));
  return {
    started: ({ url, pid, monitors }) => write("started", { url, pid, monitors }),
    step({ uniqueId, profile, count = 1 }, { kind, ...fields }) {
      write(kind, { uniqueId, profile, count, ...fields });
    },
    line: (standings) => write("line", { profiles: standings }),
    summary: (summary) => write("summary", summary),
  };
}

function accountInWords(begunAt: number, print: (line: string) => void): RunningAccount {
  const write = (who: string, what: string, text: string) =>
    print(`${inSeconds(performance.now() - begunAt).padStart(8)}  ${who.padEnd(8)}  ${what.padEnd(11)}  ${text}`);
  return {
    started: (place) => print(describePlace(place)),
    step: ({ uniqueId, profile, count = 1 }, event) =>
      write(uniqueId, count === 1 ? profile : `${profile} x${count}`, describeEvent(event)),
    line: (standings) => write("the line", "", standings.map(describeStanding).join("; ")),
    summary: (summary) => print(describeSummary(summary)),
  };
}

function describePlace({ url, bearer, monitors }: Place): string {
  const behindNat = monitors.find(({ isBehindNat }) => isBehindNat)?.name;
  return `This is runner-queue: workflow steps take a number and wait in one line until some host has a runner for them.
${monitors.length} simulated hosts and the queue run on this machine; the steps are real curl. ${behindNat} is behind NAT: nobody
can call it, so it fetches its jobs. Soon more steps come than there are runners: watch them wait.

  watch it       ${url}/
  ask for a job  curl -H "Authorization: Bearer ${bearer}" ${url}/jobs/step-1
  the API        ${url}/openapi.json
  a host         ${monitors[0]?.url}/dashboard.json
  end it         Ctrl-C
`;
}

function describeEvent(event: StepEvent): string {
  switch (event.kind) {
    case "enqueued":
      return "enqueued";
    case "waits":
      return event.position === 1 ? "waits (is next)" : `waits (position ${event.position})`;
    case "taken": {
      const names = event.runners.map(({ runner, monitor }) => `${runner} on ${monitor}`).join(", ");
      return `got ${event.runners.length === 1 ? "runner" : "runners"} ${names} after ${inSeconds(event.waitedMs)}`;
    }
    case "fell_back":
      return `fell back to GitHub's runners after ${inSeconds(event.waitedMs)}: ${event.why}`;
    case "broken":
      return `WRONG: ${event.why}`;
  }
}

function describeStanding({ profile, waiting, idle, runners }: ProfileStanding): string {
  return `${profile}: ${waiting} waiting, ${idle} runners idle (${runners} alive)`;
}

function describeSummary(summary: Summary): string {
  const { jobs, taken, fellBack, stillWaiting, medianWaitMs, longestWaitMs, reservedTwice, wrong } = summary;
  const waits =
    medianWaitMs === null ? "none" : `median ${inSeconds(medianWaitMs)}, longest ${inSeconds(longestWaitMs)}`;
  return `
Summary
  jobs                    ${jobs}
  taken                   ${taken}
  fell back               ${fellBack}
  still waiting           ${stillWaiting}
  waits                   ${waits}
  runners reserved twice  ${reservedTwice}
  went wrong              ${wrong.length === 0 ? "nothing" : wrong.join("\n                          ")}`;
}

function inSeconds(ms: number | null): string {
  return `${((ms ?? 0) / 1000).toFixed(1)} s`;
}
