// A document in which every text that others write is meant to do harm.
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { endOf, jobOf, monitorOf, noon, profileOf, quietDashboard, runnerOf } from "./documents.ts";

export const hostileMarkup = `"'><img src=x onerror=alert(1)><script>alert(2)</script><svg/onload=alert(3)>&lt;b&gt;`;

/** `text` in every place where others can write, and in some where they cannot. */
export function hostileDashboard(text: string): Dashboard {
  const act = { by: text, note: text, at: noon, until: null };
  const runUrl = `javascript:alert(5)//${text}`;
  const asked = { unique_id: text, qualified_repo: text, run_id: text, run_url: runUrl };
  const counts = { profile_key: text, idle: 1, claimed: 1, available: 0, healthy: 1, target: 1, refused_in_a_row: 3 };
  return {
    ...quietDashboard(),
    version: text,
    profiles: [
      profileOf({
        profile_key: text,
        paused: act,
        waiting: 1,
        runners_wanted: 1,
        jobs: [jobOf({ ...asked, reason: text as "asleep", state: text as "queued", monitors: [text, text] })],
        chart: [
          { at: "2026-11-21T11:58:00.000Z", waiting: 1, idle: 0 },
          { at: "2026-11-21T11:59:00.000Z", waiting: 2, idle: 1 },
        ],
      }),
    ],
    monitors: [
      monitorOf({ name: text, state: "failing", failures: 3, draining: act, profiles: [counts] }),
      monitorOf({ name: `${text}2`, state: text as "fresh", profiles: [] }),
    ],
    running_count: 1,
    running: [runnerOf({ ...asked, runner: text, runner_name: text, profile_key: text, state: text as "started" })],
    ends: [endOf({ ...asked, what: text as "taken", profile_key: text, runners: [text, text], by: text, note: text })],
  };
}
