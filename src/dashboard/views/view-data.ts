// What the views are made of. The history of all profiles is read at most once in two seconds,
// however many look on; a job is read by its key.
import type { Administration } from "../../dispatch/administration.ts";
import type { Start } from "../../queue/job/start.ts";
import { type DashboardEnd, describeEntry } from "../dashboard-data.ts";
import { type Explanation, explain } from "../job/explanation.ts";

const keptMs = 2_000;
const maxEntries = 2_000;
const maxExplained = 50;

export interface ViewDataDeps {
  readonly administration: Administration;
  readonly githubUrl: string;
}

/** The last that happened to a job, and the whole of why where it is still remembered. */
export interface JobOfRun {
  readonly entry: DashboardEnd;
  readonly why: Explanation | null;
  /** what became of its reservation, where that is watched */
  readonly start: Start["state"] | null;
}

export interface ViewData {
  /** What happened, newest first. */
  history(): Promise<readonly DashboardEnd[]>;
  /**
   * The jobs that the history knows and that `isWanted`, each by the last that happened to it,
   * newest first.
   */
  jobs(isWanted: (entry: DashboardEnd) => boolean): Promise<readonly DashboardEnd[]>;
  jobsOfRun(runId: string): Promise<readonly JobOfRun[]>;
  /** Something was done: whoever looks next sees it. */
  forget(): void;
}

export function createViewData({ administration, githubUrl }: ViewDataDeps): ViewData {
  let current: { readonly at: number; readonly entries: Promise<readonly DashboardEnd[]> } | undefined;

  const load = async (): Promise<readonly DashboardEnd[]> => {
    const keys = await administration.profiles();
    const all = await Promise.all(
      keys.map(async (key) =>
        (await administration.history(key, maxEntries)).map((entry) => describeEntry(key, entry, githubUrl)),
      ),
    );
    return all.flat().sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  };
  const history = (): Promise<readonly DashboardEnd[]> => {
    const now = performance.now();
    if (current !== undefined && now - current.at < keptMs) return current.entries;
    const begun = { at: now, entries: load() };
    current = begun;
    begun.entries.catch(() => {
      if (current === begun) current = undefined;
    });
    return begun.entries;
  };
  const jobs: ViewData["jobs"] = async (isWanted) => {
    const last = new Map<string, DashboardEnd>();
    for (const entry of await history()) {
      const { unique_id, what } = entry;
      // an expedite changes a job's place, not its state
      if (unique_id !== null && what !== "expedited" && !last.has(unique_id) && isWanted(entry))
        last.set(unique_id, entry);
    }
    return [...last.values()];
  };
  return {
    history,
    jobs,
    forget: () => {
      current = undefined;
    },
    jobsOfRun: async (runId) => {
      const found = await jobs(({ run_id }) => run_id === runId);
      const explained = found.slice(0, maxExplained).map(async (entry) => {
        const job = await administration.job(entry.unique_id ?? "");
        return { entry, why: job === null ? null : explain(job), start: job?.job.start?.state ?? null };
      });
      const rest = found.slice(maxExplained).map((entry) => ({ entry, why: null, start: null }));
      return [...(await Promise.all(explained)), ...rest];
    },
  };
}
