// Asks GitHub how the jobs of one run stand, and has what it says heard like its events. However
// many instances run and jobs there are, a run is asked about once in a while: a document per run
// says when it was, and what GitHub said then.
import { z } from "zod";
import type { Observe, QuestionOutcome } from "../../queue/events.ts";
import type { GithubRuns, NamedRunJob, RunReply } from "../../queue/github-runs.ts";
import type { Job } from "../../queue/job/job.ts";
import { minQuestionGapMs, sayGone } from "../../queue/job/question.ts";
import type { GithubListener, NewsOutcome } from "../github-listener.ts";
import type { Documents } from "../running/documents.ts";

/** "not_visible": what GitHub's events say of the run is all there is. */
export type Asked = QuestionOutcome | "too_soon";

export interface RunAsker {
  /**
   * Asks about the run of these jobs, unless anybody did within the last minute.
   * @param jobs of one run
   */
  ask(jobs: readonly [Job, ...Job[]]): Promise<Asked>;
  /** Asks now: what is heard was said after this was called. Throws StoreUnavailable. */
  askAnew(job: Job): Promise<Asked>;
}

const askedSchema = z.object({
  at: z.number(),
  etags: z.array(z.string()),
  /** GitHub showed it once: when it is missing now, it is gone */
  isSeen: z.boolean(),
});
type AskedDocument = z.infer<typeof askedSchema>;

/** ETags older than that are worth no place in the store. */
const keptForMs = 24 * 3_600_000;
/** Outcomes of news that would be heard if it were said again. */
const unheard: readonly NewsOutcome[] = ["unknown_profile", "settling", "full"];

export function createRunAsker(
  runs: GithubRuns,
  documents: Documents,
  listener: Pick<GithubListener, "hearAll">,
  observe: Observe,
): RunAsker {
  const underWay = new Map<string, Promise<Asked>>();
  const next = new Map<string, Promise<Asked>>();

  const hearGroups = async (job: Job, named: readonly NamedRunJob[]): Promise<boolean> => {
    const { qualifiedRepo, runId } = job;
    let isAllHeard = true;
    for (const [, group] of Map.groupBy(named, ({ uniqueId }) => uniqueId.toLowerCase())) {
      const [first] = group;
      if (first === undefined) continue;
      const createdAt = Math.max(...group.map((one) => one.createdAt));
      const jobs = group.map((one) => one.job);
      const { uniqueId, profileKey } = first;
      const outcome = await listener.hearAll({ uniqueId, profileKey, qualifiedRepo, runId, jobs, createdAt });
      isAllHeard &&= !unheard.includes(outcome);
    }
    return isAllHeard;
  };
  const hearGone = async (jobs: readonly Job[], ids: ReadonlySet<number>, now: number): Promise<void> => {
    for (const job of jobs) {
      const gone = sayGone(job, ids, now);
      if (gone.length > 0)
        await listener.hearAll({ ...job, profileKey: null, jobs: gone, createdAt: Number.POSITIVE_INFINITY });
    }
  };

  const hear = async (reply: RunReply, jobs: readonly [Job, ...Job[]], known: AskedDocument, now: number) => {
    if (reply.kind === "missing" && known.isSeen) await hearGone(jobs, new Set(), now);
    if (reply.kind !== "jobs") return;
    const isAllHeard = await hearGroups(jobs[0], reply.named);
    await hearGone(jobs, reply.ids, now);
    // what could not be heard yet has to be said again, and who is missing to be missed again
    const isSomeMissing = jobs.some((job) => sayGone(job, reply.ids, Number.POSITIVE_INFINITY).length > 0);
    const etags = isAllHeard && !isSomeMissing ? [...reply.etags] : [];
    await documents.change(nameOf(jobs[0]), askedSchema, keptForMs, (value) =>
      value === null ? null : { ...value, etags, isSeen: true },
    );
  };

  const askOnce = async (jobs: readonly [Job, ...Job[]], isUrgent: boolean): Promise<Asked> => {
    const [{ qualifiedRepo, runId }] = jobs;
    let mayAsk = false;
    const { value: known, now } = await documents.change(nameOf(jobs[0]), askedSchema, keptForMs, (value, at) => {
      const sinceMs = at - (value?.at ?? 0);
      mayAsk = isUrgent || sinceMs >= minQuestionGapMs || sinceMs < 0;
      return mayAsk ? { etags: [], isSeen: false, ...value, at } : null;
    });
    if (!mayAsk || known === null) return "too_soon";
    // of a job that was unknown until now, what GitHub said before was not heard
    const isFirst = jobs.some(({ word }) => word === undefined);
    const reply = await runs.ask(qualifiedRepo, runId, isFirst ? [] : known.etags);
    if (reply.kind === "trouble") observe({ kind: "github_trouble", why: reply.why });
    await hear(reply, jobs, known, now);
    const asked = wordFor(reply, known);
    observe({ kind: "github_asked", outcome: asked });
    return asked;
  };

  const begin = (jobs: readonly [Job, ...Job[]], isUrgent: boolean): Promise<Asked> => {
    const name = nameOf(jobs[0]);
    const asking = askOnce(jobs, isUrgent).finally(() => {
      if (underWay.get(name) === asking) underWay.delete(name);
    });
    underWay.set(name, asking);
    return asking;
  };

  return {
    ask: (jobs) => (underWay.has(nameOf(jobs[0])) ? Promise.resolve("too_soon") : begin(jobs, false)),
    askAnew: (job) => {
      const name = nameOf(job);
      const before = underWay.get(name);
      if (before === undefined) return begin([job], true);
      // one that is under way may have been answered already: all who come meanwhile share the next
      const waiting = next.get(name);
      if (waiting !== undefined) return waiting;
      const after = before
        .catch(() => {})
        .then(() => {
          next.delete(name);
          return begin([job], true);
        });
      next.set(name, after);
      return after;
    },
  };
}

function wordFor({ kind }: RunReply, { isSeen }: AskedDocument): QuestionOutcome {
  if (kind === "jobs") return "answered";
  return kind === "missing" ? (isSeen ? "answered" : "not_visible") : kind;
}

function nameOf({ qualifiedRepo, runId }: Pick<Job, "qualifiedRepo" | "runId">): string {
  return `asked/${qualifiedRepo.toLowerCase()}#${runId}`;
}
