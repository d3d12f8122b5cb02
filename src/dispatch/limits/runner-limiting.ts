// Limits on runners: what is counted, and who has to wait for it.
import { type CountedMonitorsDeps, createCountedMonitors } from "./counted-monitors.ts";
import { createRunnerCount, type RunnerCount, type RunnerCountDeps } from "./runner-count.ts";
import { createRunnerLimits, type RunnerLimits, type RunnerLimitsDeps } from "./runner-limits.ts";

type Deps = Omit<RunnerCountDeps & RunnerLimitsDeps, "countedMonitors"> & CountedMonitorsDeps;

export type RunnerLimiting = RunnerLimits & Pick<RunnerCount, "noteRunners">;

export function createRunnerLimiting(deps: Deps): RunnerLimiting {
  const counting = { ...deps, countedMonitors: createCountedMonitors(deps) };
  const limits = createRunnerLimits(counting);
  const { noteTaken, noteRunners } = createRunnerCount(counting);
  return {
    ...limits,
    noteRunners,
    noteLeft: (job, claimId) => {
      if (job.state === "taken") noteTaken(job);
      limits.noteLeft(job, claimId);
    },
  };
}
