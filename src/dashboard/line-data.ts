// One page of a profile's line: the same hundred jobs for people and for machines.
import { type DashboardDeps, type DashboardProfile, describeProfile, shownJobs } from "./dashboard-data.ts";

export interface LinePage {
  /** the store's time, ISO 8601 */
  readonly at: string;
  /** with the jobs of this page; their ids are whole */
  readonly profile: DashboardProfile;
}

export const maxLinePages = 1_000;

/** Null: there is no profile of this name. @param page 1 is the first */
export async function loadLinePage(
  { administration, settings, githubUrl }: Pick<DashboardDeps, "administration" | "settings" | "githubUrl">,
  profileKey: string,
  page: number,
): Promise<LinePage | null> {
  if (!(await administration.profiles()).includes(profileKey)) return null;
  const overview = await administration.overview(profileKey, page * shownJobs);
  const profile = describeProfile(profileKey, overview, settings, githubUrl);
  const jobs = profile.jobs.slice((page - 1) * shownJobs);
  return { at: new Date(overview.now).toISOString(), profile: { ...profile, jobs } };
}
