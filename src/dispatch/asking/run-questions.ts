// Asks GitHub about runs without being told to: of jobs near the front of the line, and of those
// whose time has come on the roll of questions. Any number of instances do; a run is asked about
// once.
//
//   taken, or enqueued for nobody to poll ---> on the roll ---> asked ---> on the roll, for later
//                                                                          ... until it is forgotten
//
// A name stands on the roll until `rollGraceMs` after its time has come.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";
import type { Clock } from "../../clock.ts";
import type { Observe } from "../../queue/events.ts";
import type { GithubRuns } from "../../queue/github-runs.ts";
import { isOver, type Job, type JobRequest } from "../../queue/job/job.ts";
import { minQuestionGapMs, nextQuestionMs } from "../../queue/job/question.ts";
import { inspectOperation, liveJobsOperation } from "../../queue/operations/inspect.ts";
import type { Store } from "../../queue/store.ts";
import type { GithubListener } from "../github-listener.ts";
import type { Documents } from "../running/documents.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import { createRunAsker } from "./run-asker.ts";

const lookEveryMs = 5_000;
/** So many jobs of a profile's line are read, this often: it is a reading of documents. */
const frontEveryMs = 20_000;
const maxFront = 50;
/** Jobs of the roll at once. */
const maxDue = 40;
/** When so many runs in a row could not be asked about, the others wait for the next look. */
const maxFailures = 3;
const rollGraceMs = 24 * 3_600_000;
const roll = "questions";
const maxRunsRemembered = 10_000;

type Named = Pick<JobRequest, "profileKey" | "uniqueId">;

export interface RunQuestions {
  /** Asks about what is due; returns at once. Cheap where nothing is. */
  look(waitingProfiles: readonly string[]): void;
  /** GitHub is asked about this job in so many ms; returns at once. */
  note(job: Named, inMs: number): void;
  /**
   * What GitHub says of the job's run now is heard before this resolves. False: it could not be
   * asked, and what it said before may be old.
   */
  askAnew(job: Job): Promise<boolean>;
  /** Resolves when nothing of this is under way. */
  idle(): Promise<void>;
}

export interface RunQuestionsDeps {
  readonly githubRuns: GithubRuns;
  readonly documents: Documents;
  readonly store: Pick<Store, "enrol" | "strike" | "readRoll" | "readDocument">;
  readonly runner: Pick<OperationRunner, "run">;
  readonly listener: Pick<GithubListener, "hearAll">;
  readonly clock: Clock;
  readonly observe: Observe;
}

export function createRunQuestions(deps: RunQuestionsDeps): RunQuestions {
  const { store, runner, clock, observe } = deps;
  const asker = createRunAsker(deps.githubRuns, deps.documents, deps.listener, observe);
  const underWay = new Set<Promise<unknown>>();
  const askedAt = new LRUCache<string, number>(growingTo(maxRunsRemembered));
  let isLooking = false;
  let [lookedAt, frontAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  const inBackground = (act: Promise<unknown>): void => {
    const acting = act
      .catch((error: unknown) => observe({ kind: "trouble", where: "github", error }))
      .finally(() => underWay.delete(acting));
    underWay.add(acting);
  };
  const note = async ({ profileKey, uniqueId }: Named, inMs: number): Promise<void> => {
    await store.enrol(roll, `${profileKey}/${uniqueId}`, Number.MAX_SAFE_INTEGER, rollGraceMs + inMs);
  };
  /** Those whose run was not asked about here within the last minute. */
  const isUnasked = ({ qualifiedRepo, runId }: Job): boolean => {
    const at = askedAt.get(`${qualifiedRepo} ${runId}`);
    return at === undefined || clock.now() - at >= minQuestionGapMs;
  };
  const readDue = async (): Promise<readonly Job[]> => {
    const { now } = await store.readDocument("served");
    const jobs: Job[] = [];
    for (const name of await store.readRoll(roll, now + rollGraceMs, maxDue)) {
      const slash = name.indexOf("/");
      const [profileKey, uniqueId] = [name.slice(0, slash), name.slice(slash + 1)];
      const found = await runner.run(inspectOperation(profileKey, uniqueId, null));
      const nextMs = found.kind === "unknown" ? null : nextQuestionMs(found.job, now);
      if (nextMs === null) await store.strike(roll, [name]);
      else await note({ profileKey, uniqueId }, nextMs);
      if (nextMs !== null && found.kind !== "unknown") jobs.push(found.job);
    }
    // what is not over comes first
    return jobs.toSorted((a, b) => Number(isDone(a)) - Number(isDone(b)));
  };
  const readFront = async (waitingProfiles: readonly string[]): Promise<readonly Job[]> => {
    if (clock.now() - frontAt < frontEveryMs) return [];
    frontAt = clock.now();
    const jobs: Job[] = [];
    for (const profileKey of waitingProfiles) jobs.push(...(await runner.run(liveJobsOperation(profileKey, maxFront))));
    return jobs;
  };
  const askAbout = async (jobs: readonly Job[]): Promise<void> => {
    let failures = 0;
    for (const [run, [first, ...others]] of Map.groupBy(jobs.filter(isUnasked), keyOf)) {
      if (first === undefined) continue;
      askedAt.set(run, clock.now());
      const asked = await asker.ask([first, ...others]);
      failures = asked === "sparing" || asked === "trouble" ? failures + 1 : 0;
      if (failures >= maxFailures) return;
    }
  };
  const lookOnce = async (waitingProfiles: readonly string[]): Promise<void> => {
    await askAbout(await readFront(waitingProfiles));
    await askAbout(await readDue());
  };

  return {
    note: (job, inMs) => inBackground(note(job, inMs)),
    look: (waitingProfiles) => {
      if (isLooking || clock.now() - lookedAt < lookEveryMs) return;
      [isLooking, lookedAt] = [true, clock.now()];
      inBackground(
        lookOnce(waitingProfiles).finally(() => {
          isLooking = false;
        }),
      );
    },
    askAnew: async (job) => {
      const asked = await asker.askAnew(job);
      return asked === "answered" || asked === "unchanged" || asked === "not_visible";
    },
    idle: async () => {
      await Promise.all(underWay);
    },
  };
}

function keyOf({ qualifiedRepo, runId }: Job): string {
  return `${qualifiedRepo} ${runId}`;
}

/** A job of which only a re-run would be news. */
function isDone({ state, start }: Job): boolean {
  return isOver(state) && (start === undefined || start.state === "over");
}
