// When all who wait fall silent together, it is the way to us that broke: nobody is abandoned until
// one of them is heard, ten minutes at most. A job or two that fall silent have left.
//
//   heard --- all absent, at least three runs, last heard within seconds of each other ---> silent since ...
//   silent --- somebody of the profile is heard ---> heard; everybody has their time anew from then
//   silent --- ten minutes ---> heard; who is still gone is abandoned
import type { Job } from "../job/job.ts";

export interface Silence {
  /** null: somebody is heard */
  readonly silentSince: number | null;
  /** when the last silence ended: deadlines count from then; 0: there was none */
  readonly heardSince: number;
}

export const noSilence: Silence = { silentSince: null, heardSince: 0 };

export const maxSilenceMs = 600_000;
const minRuns = 3;
/**
 * Polls come in every third of ABANDON_AFTER at least, and are written down every TOUCH_INTERVAL.
 */
const maxSpreadMs = 15_000;

type Waiting = Pick<Job, "runId" | "heardAt" | "qualifiedRepo" | "place">;

/**
 * Whether those who wait fell silent together.
 * @param presentJobs how many jobs of the profile are present
 * @param absent the absent ones
 */
export function isSilent(presentJobs: number, absent: readonly Waiting[]): boolean {
  if (presentJobs > 0) return false;
  const runs = new Set(absent.map(({ qualifiedRepo, runId }) => `${qualifiedRepo.toLowerCase()}#${runId}`));
  if (runs.size < minRuns) return false;
  const times = absent.map(({ heardAt, place }) => (heardAt === 0 ? Math.floor(place / 1000) : heardAt));
  return Math.max(...times) - Math.min(...times) <= maxSpreadMs;
}

/** Whether a silence that began then still keeps everybody's place. */
export function keepsPlaces({ silentSince }: Silence, now: number): boolean {
  return silentSince !== null && now >= silentSince && now < silentSince + maxSilenceMs;
}

/** Somebody is heard. */
export function endSilence(silence: Silence, now: number): Silence {
  return silence.silentSince === null ? silence : { silentSince: null, heardSince: now };
}
