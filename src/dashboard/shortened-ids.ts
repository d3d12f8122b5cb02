// What everybody may see of unique_ids: their first characters, which is enough to find a job in a
// workflow's log. Who knows a whole id can enqueue it first, or have a monitor that lies claim it,
// so the whole ones are for operators.
import type { Dashboard } from "./dashboard-data.ts";

export const shownIdLength = 8;

export function shortenIds(dashboard: Dashboard): Dashboard {
  return {
    ...dashboard,
    unique_ids: "shortened",
    profiles: dashboard.profiles.map((profile) => ({ ...profile, jobs: profile.jobs.map(shortenId) })),
    running: dashboard.running.map((runner) => ({ ...runner, unique_id: runner.unique_id.slice(0, shownIdLength) })),
    ends: dashboard.ends.map(shortenId),
  };
}

export function shortenId<T extends { readonly unique_id: string | null }>(row: T): T {
  return { ...row, unique_id: row.unique_id?.slice(0, shownIdLength) ?? null };
}
