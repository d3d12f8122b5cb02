// The dashboard as text: the same as the page says, in columns that a terminal shows.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { renderText } from "../../src/dashboard/text/text.ts";
import { describeReason } from "../../src/dashboard/words.ts";
import { waitReasons } from "../../src/queue/line/turn.ts";
import { busyDay } from "./busy-day.ts";
import { before, crowdedDashboard, endOf, jobOf, monitorOf, noon, profileOf, quietDashboard } from "./documents.ts";

/** Lines from the one that is just this heading to the next empty one. */
function sectionOf(text: string, heading: string): string[] {
  const lines = text.split("\n");
  const first = lines.indexOf(heading);
  const last = lines.indexOf("", first);
  return lines.slice(first + 1, last < 0 ? undefined : last);
}

it("says of a quiet house in a few lines that all is well", () => {
  expect(renderText(quietDashboard()).replace(/ {3,}2026/, " 2026")).toBe(
    [
      "runner-queue 1.2.3, redis store 2026-11-21 12:00:00 UTC",
      "2 runners free to claim. Nobody waits. 1 of 1 monitor well.",
      "",
      "MONITORS",
      "  monitor  state  profile  free  idle  claimed  healthy",
      "  ci0      fresh  linux       2     2        0  4 of 4",
      "  ci0: takes: 12 taken",
      "",
      "linux",
      "  Nobody waits.",
      "  2 free to claim, 2 idle, 0 claimed, 4 of 4 healthy",
      "",
      "RUNNING",
      "  Nothing.",
      "",
      "ENDED",
      "  No job has ended yet.",
      "",
    ].join("\n"),
  );
});

it("says of each job who waits, for what, for how long and why, in columns", () => {
  const jobs = [
    jobOf({ position: null, state: "claimed", reason: "claim_in_flight", monitors: ["ci1", "ci2"], run_id: "1" }, 130),
    jobOf({ position: 1, runner_count: 3, runners_in_hand: 2, run_id: "22", last_poll_at: before(noon, 27) }, 61),
    jobOf({ position: 2, run_id: "4", presence: "connected", estimate: { low_seconds: 4, high_seconds: 62 } }, 9),
    jobOf({ position: 3, run_id: "5", presence: "github", estimate: { low_seconds: 61, high_seconds: 90_000 } }, 9),
    jobOf({ position: 4, reason: "brand_new_reason" as "asleep", run_id: "333", last_poll_at: null }, 1),
  ];
  const text = renderText({ ...quietDashboard(), profiles: [profileOf({ waiting: 2, runners_wanted: 2, jobs })] });
  expect(sectionOf(text, "linux").slice(2)).toEqual([
    "    #  job    repository   run  runners        waited      turn in      last poll     state    why it waits",
    "  now  job-1  servo/servo  1    1              2 min 10 s               3 s ago       claimed  Asking for runners: ci1, ci2",
    "    1  job-1  servo/servo  22   3 (2 in hand)  1 min 1 s                27 s ago      queued   No runner is free",
    "    2  job-1  servo/servo  4    1              9 s         up to 2 min  connected     queued   No runner is free",
    "    3  job-1  servo/servo  5    1              9 s         over 1 min   GitHub waits  queued   No runner is free",
    "    4  job-1  servo/servo  333  1              1 s                      not yet       queued   brand_new_reason",
  ]);
});

it("lists the first hundred of 10,000 and counts the others", () => {
  const section = sectionOf(renderText(crowdedDashboard(10_000)), "linux");
  expect(section.at(0)).toBe("  10,000 jobs wait for 10,000 runners; the first has waited for 1 h 23 min.");
  expect(section.filter((line) => / servo\/servo /.test(line)).length).toBe(100);
  expect(section.at(-1)).toBe("  and 9,900 more");
});

it("says first which monitors are ill, drained or left alone and which profiles are paused, with who, why and until when", () => {
  const act = { by: "mara", note: "new kernel", at: "2026-11-21T11:00:00.000Z", until: null };
  const text = renderText({
    ...quietDashboard(),
    profiles: [profileOf({ paused: { ...act, until: "2026-11-21T13:00:00.000Z" } })],
    monitors: [
      monitorOf({ draining: act }),
      monitorOf({
        name: "ci1",
        state: "failing",
        answered_at: before(noon, 90),
        failures: 4,
        next_ask_at: before(noon, -8),
        takes: {},
      }),
      monitorOf({ name: "ci2", state: "unknown", answered_at: null, profiles: [], takes: {} }),
      monitorOf({ name: "ci3", backing_off_until: before(noon, -30), takes: { taken: 1_234, silent: 2 } }),
    ],
  });
  expect(text.split("\n").slice(1, 7)).toEqual([
    "0 runners free to claim, 2 idle but not free (2 paused). Nobody waits. 2 of 4 monitors well.",
    "! ci1 gives no dashboard",
    '! ci0 is draining: "new kernel"',
    "! ci2 was never heard of",
    "! ci3 gets no takes for now, after refusals",
    '! linux is paused: "new kernel"',
  ]);
  const monitors = sectionOf(text, "MONITORS");
  expect(monitors.filter((line) => line.includes(": "))).toEqual([
    '  ci0: drained by mara: "new kernel", since 2026-11-21 11:00:00 UTC, until somebody resumes it',
    "  ci0: takes: 12 taken",
    "  ci1: no dashboard for 1 min 30 s; 4 failures in a row; asked again in 8 s",
    "  ci1: takes: none yet",
    "  ci2: it never gave a dashboard",
    "  ci2: takes: none yet",
    "  ci3: takes go there again in 30 s: it refused some",
    "  ci3: takes: 1,234 taken, 2 silent",
  ]);
  expect(sectionOf(text, "linux (paused)")).toContain(
    '  Paused by mara: "new kernel", since 2026-11-21 11:00:00 UTC, until 2026-11-21 13:00:00 UTC',
  );
});

it("says of each end what it was, after how long, and which runners were given out", () => {
  const text = renderText({
    ...quietDashboard(),
    ends: [
      endOf({ runners: ["ci0/41", "ci1/7"] }, 60),
      endOf({ what: "abandoned", runners: [], runner_count: 2, waited_ms: 30_000 }, 90_000),
    ],
  });
  expect(sectionOf(text, "ENDED")).toEqual([
    "  when                 end        job          repository   run          profile  waited     runners",
    "  11:59:00             taken      ended-60     servo/servo  17204939000  linux    1 min 1 s  ci0/41, ci1/7",
    "  2026-11-20 11:00:00  abandoned  ended-90000  servo/servo  17204939000  linux    30 s       2 asked",
  ]);
});

it("draws the last hour with a column for each minute, blank where nothing is known", () => {
  const chart = [
    { at: "2026-11-21T11:01:00.000Z", waiting: 4, idle: 0 },
    { at: "2026-11-21T12:00:00.000Z", waiting: 0, idle: 2 },
  ];
  const text = renderText({ ...quietDashboard(), profiles: [profileOf({ chart })] });
  expect(sectionOf(text, "linux").slice(2)).toEqual([
    `  waiting █${" ".repeat(58)}▁ now 0, at most 4`,
    `  idle    ▁${" ".repeat(58)}▅ now 2, at most 2`,
  ]);
});

it("keeps its columns straight and its lines short whatever the names are", () => {
  const job = jobOf({
    qualified_repo: `${"o".repeat(39)}/${"r".repeat(100)}`,
    run_id: "9".repeat(20),
    runner_count: 100,
    runners_in_hand: 99,
    monitors: ["m".repeat(64)],
  });
  const profile_key = "p".repeat(64);
  const counts = { profile_key, idle: 1, claimed: 0, available: 1, healthy: 1, target: 1, refused_in_a_row: 0 };
  const long: Dashboard = {
    ...quietDashboard(),
    unique_ids: "shortened",
    profiles: [profileOf({ profile_key, waiting: 1, jobs: [job, jobOf({ qualified_repo: "日本/語", run_id: "1" })] })],
    monitors: [monitorOf({ name: "m".repeat(64), profiles: [counts] })],
    ends: [
      endOf({ profile_key, qualified_repo: job.qualified_repo, runners: Array(100).fill(`ci0/${"7".repeat(200)}`) }),
    ],
  };
  for (const dashboard of [long, busyDay()]) {
    for (const line of renderText(dashboard).split("\n")) expect([...line].length).toBeLessThanOrEqual(118);
  }
  const [heading, first, second] = sectionOf(renderText(long), profile_key).slice(2);
  expect(heading?.indexOf("waited")).toBe(first?.indexOf("1 min 0 s"));
  // two columns of the terminal for each of these three signs
  expect(second?.indexOf("1 min 0 s")).toBe(first!.indexOf("1 min 0 s") - 3);
});

it("has words for every reason to wait, and docs/dashboard.md explains each", () => {
  const page = readFileSync(new URL("../../docs/dashboard.md", import.meta.url), "utf8");
  for (const reason of [...waitReasons, "asleep", "your_turn"]) {
    expect(describeReason(reason)).not.toBe(reason);
    expect(page).toContain(`| ${describeReason(reason)} | \`${reason}\` |`);
  }
});
