// Which job of ours a job of GitHub's names by its labels: `reserved-for:<unique_id>`, and perhaps
// `self-hosted-image:<profile>`. GitHub compares labels without regard to case.
import { profileKeySchema, uniqueIdSchema } from "../auth/job-schemas.ts";

export interface NamedJob {
  readonly uniqueId: string;
  readonly profileKey: string | null;
}

/** Null where no label names a job, or several do: no runner carries two such labels. */
export function readJobLabels(labels: readonly string[]): NamedJob | null {
  const ids = new Set(valuesOf(labels, "reserved-for:"));
  const [uniqueId] = ids;
  if (ids.size !== 1 || !uniqueIdSchema.safeParse(uniqueId).success) return null;
  const profiles = new Set(valuesOf(labels, "self-hosted-image:"));
  const [profileKey] = profiles;
  const isProfile = profiles.size === 1 && profileKeySchema.safeParse(profileKey).success;
  return { uniqueId: uniqueId ?? "", profileKey: isProfile ? (profileKey ?? null) : null };
}

function valuesOf(labels: readonly string[], prefix: string): string[] {
  return labels.filter((label) => label.toLowerCase().startsWith(prefix)).map((label) => label.slice(prefix.length));
}
