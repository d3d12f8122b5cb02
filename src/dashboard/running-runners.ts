// What runs now, as the dashboard shows it: each runner that is reserved for a job or busy with it.
// A monitor's dashboard is the witness; what was given out since it was drawn is added from the
// history.
import type { RunnerAtWork } from "../dispatch/runners-at-work.ts";
import type { HistoryEntry } from "../queue/history.ts";
import type { Start } from "../queue/job/start.ts";
import { runUrlOf } from "./run-url.ts";

export type RunningRunner = ReturnType<typeof describeRunner>;

/** The last taken entries of a profile's history, and when each monitor was last asked. */
export interface Given {
  readonly entries: readonly (readonly [profileKey: string, HistoryEntry])[];
  readonly answeredAt: ReadonlyMap<string, number>;
}

/** Not yet started first, the newest of each state first. */
export function describeRunning(atWork: readonly RunnerAtWork[], given: Given, now: number, githubUrl: string) {
  const shown = [
    ...atWork.flatMap((one) => describeSighting(one, githubUrl) ?? []),
    ...describeGiven(given, now, githubUrl),
  ];
  // each once: what its monitor shows counts more than what was given out
  const known = new Map(shown.toReversed().map((one) => [one.runner, one]));
  return [...known.values()].sort(
    (a, b) => Number(a.state === "started") - Number(b.state === "started") || (a.since < b.since ? 1 : -1),
  );
}

/** A dashboard is drawn anew some seconds after a take, and at most this long after it. */
const undrawnMs = 60_000;

/** Null where GitHub said that the job is over: the runner is about to go. */
function describeSighting({ monitor, id, uniqueId, isBusy, since, job }: RunnerAtWork, githubUrl: string) {
  const runner = `${monitor}/${id}`;
  const start = job?.start?.runners.includes(runner) === true ? job.start : null;
  if (start?.state === "over") return null;
  // what was given out is named last
  const given = (job?.spentRunners ?? []).slice(-(job?.runnerCount ?? 0));
  const name = given.length === job?.runnerNames?.length ? job.runnerNames[given.indexOf(runner)] : undefined;
  return describeRunner(
    {
      runner,
      name: name ?? null,
      monitor,
      profileKey: job?.profileKey ?? null,
      // labels have no case, the job's own spelling has
      uniqueId: job?.uniqueId ?? uniqueId,
      repo: job?.qualifiedRepo ?? null,
      run: job?.runId ?? null,
      ...stateOf(start, isBusy, since),
    },
    githubUrl,
  );
}

function stateOf(start: Start | null, isBusy: boolean, since: number) {
  if (start?.state === "lost") return { state: "lost", since: start.since } as const;
  if (isBusy || start?.state === "started") {
    return { state: "started", since: start?.state === "started" ? start.since : since } as const;
  }
  return { state: "starting", since: start?.reservedAt ?? since } as const;
}

/** Runners that were given out after their monitor last showed anything. */
function describeGiven({ entries, answeredAt }: Given, now: number, githubUrl: string) {
  const fresh = entries.filter(([, { what, at }]) => what === "taken" && now - at < undrawnMs);
  return fresh.flatMap(([profileKey, { at, id = "", repo = null, run = null, runners = [], names = [] }]) =>
    runners.flatMap((runner, i) => {
      const monitor = runner.slice(0, runner.indexOf("/"));
      if ((answeredAt.get(monitor) ?? 0) > at) return [];
      const name = names.length === runners.length ? (names[i] ?? null) : null;
      const facts = {
        runner,
        name,
        monitor,
        profileKey,
        uniqueId: id,
        repo,
        run,
        state: "starting",
        since: at,
      } as const;
      return [describeRunner(facts, githubUrl)];
    }),
  );
}

interface Facts {
  readonly runner: string;
  readonly name: string | null;
  readonly monitor: string;
  readonly profileKey: string | null;
  readonly uniqueId: string;
  readonly repo: string | null;
  readonly run: string | null;
  readonly state: "starting" | "started" | "lost";
  readonly since: number;
}

function describeRunner({ runner, name, monitor, profileKey, uniqueId, repo, run, state, since }: Facts, url: string) {
  return {
    runner,
    /** what GitHub calls it */
    runner_name: name,
    monitor,
    state: state as "starting" | "started" | "lost",
    since: new Date(since).toISOString(),
    profile_key: profileKey,
    unique_id: uniqueId,
    qualified_repo: repo,
    run_id: run,
    run_url: repo === null || run === null ? null : runUrlOf(url, repo, run),
  };
}
