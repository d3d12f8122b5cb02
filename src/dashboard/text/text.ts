// The dashboard as text for a terminal, such as `watch curl -s .../dashboard.txt`: what is ill
// comes first, the lines next, what is over last.
import { describeDuration } from "../../duration.ts";
import { describeRefusals, endOfBackoff, isIll, listConcerns, listRefusals, summarise } from "../concerns.ts";
import type { Dashboard, DashboardEnd, DashboardJob, DashboardMonitor, DashboardProfile } from "../dashboard-data.ts";
import { describeEstimate } from "../estimate-words.ts";
import { describeKept, explainIdle } from "../idle-runners.ts";
import { describeMoment, msBetween } from "../moment.ts";
import { countUnlisted } from "../page/profile/line.ts";
import { findOldest } from "../page/profile/profile.ts";
import { makePlain } from "../plain-text.ts";
import { shownIdLength } from "../shortened-ids.ts";
import { countOf, describePresence, describeReason, describeTakes, describeWaiting, formatCount } from "../words.ts";
import { alignColumns, cutTo, lineWidth, wrapProse } from "./columns.ts";

/** A UUID; what is longer is cut. */
const mostOfId = 36;

export function renderText(dashboard: Dashboard): string {
  const { at, version, store, unique_ids, monitors, profiles, running, ends } = dashboard;
  // Whole ids would leave no room for why a job waits: who is shown them gets longer lines.
  const width = lineWidth + (unique_ids === "whole" ? mostOfId - shownIdLength : 0);
  const title = `runner-queue ${version}, ${store} store`;
  const concerns = listConcerns(dashboard).flatMap(({ name, says, note }) =>
    wrapProse(`! ${name} ${says}${note === "" ? "" : `: "${note}"`}`, ""),
  );
  const lines = [
    `${title}${describeMoment(at).padStart(Math.max(2, lineWidth - title.length))}`,
    summarise(dashboard),
    ...concerns,
    "",
    "MONITORS",
    ...writeMonitors(monitors, at),
    ...profiles.flatMap((profile) => ["", ...writeProfile(profile, dashboard, width)]),
    "",
    "RUNNING",
    ...(running.length === 0 ? ["  Nothing."] : writeRunning(dashboard, width)),
    "",
    "ENDED",
    ...(ends.length === 0 ? ["  No job has ended yet."] : writeEnds(ends, at, width)),
  ];
  return `${lines.map((line) => cutTo(makePlain(line), width)).join("\n")}\n`;
}

const countColumns = [
  { name: "free", most: 6, isFigure: true },
  { name: "idle", most: 6, isFigure: true },
  { name: "claimed", most: 7, isFigure: true },
  { name: "healthy", most: 16 },
] as const;
const monitorColumns = [
  { name: "monitor", most: 24 },
  { name: "state", most: 8 },
  { name: "profile", most: 32 },
  ...countColumns,
] as const;

/** A row for each profile of each monitor; below the table what there is to say of some. */
function writeMonitors(monitors: readonly DashboardMonitor[], at: string): string[] {
  const rows = monitors.flatMap(({ name, state, profiles }) => {
    const own = profiles.map((profile) => [profile.profile_key, ...writeCounts(profile)]);
    return (own.length === 0 ? [["-"]] : own).map((cells, i) => [...(i === 0 ? [name, state] : ["", ""]), ...cells]);
  });
  return [
    ...alignColumns(monitorColumns, rows, "  "),
    ...monitors.flatMap((monitor) =>
      describeMonitor(monitor, at).flatMap((line) => wrapProse(`${monitor.name}: ${line}`, "  ")),
    ),
  ];
}

function writeCounts({ idle, claimed, available, healthy, target }: DashboardProfile["capacity"]): string[] {
  return [...[available, idle, claimed].map(formatCount), `${formatCount(healthy)} of ${formatCount(target)}`];
}

function describeMonitor(monitor: DashboardMonitor, at: string): string[] {
  const { answered_at, failures, next_ask_at, draining, takes } = monitor;
  const backoff = endOfBackoff(monitor, at);
  const refusals = listRefusals(monitor);
  const silence =
    answered_at === null
      ? "it never gave a dashboard"
      : `no dashboard for ${describeDuration(msBetween(answered_at, at))}`;
  const inARow = failures === 0 ? "" : `; ${countOf(failures, "failure")} in a row`;
  const probe = failures === 0 || next_ask_at === null ? "" : `; asked again ${describeWhen(next_ask_at, at)}`;
  return [
    ...(isIll(monitor) ? [`${silence}${inARow}${probe}`] : []),
    ...(draining === null ? [] : [`drained ${describeAct(draining)}`]),
    ...(backoff === null ? [] : [`takes go there again ${describeWhen(backoff, at)}: it refused some`]),
    ...(refusals.length === 0 ? [] : [`it ${describeRefusals(refusals)}`]),
    `takes: ${describeTakes(takes)}`,
  ];
}

function describeAct({ by, note, at, until }: NonNullable<DashboardProfile["paused"]>): string {
  const end = until === null ? "until somebody resumes it" : `until ${describeMoment(until)}`;
  return `by ${by}${note === "" ? "" : `: "${note}"`}, since ${describeMoment(at)}, ${end}`;
}

function describeWhen(time: string, at: string): string {
  const ms = msBetween(at, time);
  return ms <= 0 ? "now" : `in ${describeDuration(ms)}`;
}

const jobColumns = [
  { name: "#", most: 6, isFigure: true },
  { name: "job", most: mostOfId },
  { name: "repository", most: 20 },
  { name: "run", most: 20 },
  { name: "runners", most: 13 },
  { name: "waited", most: 11 },
  { name: "turn in", most: 14 },
  { name: "last poll", most: 12 },
  { name: "state", most: 8 },
  { name: "why it waits", most: 40 },
] as const;

function writeProfile(profile: DashboardProfile, dashboard: Dashboard, width: number): string[] {
  const { at } = dashboard;
  const { profile_key, paused, waiting, runners_wanted, capacity, jobs } = profile;
  const oldest = findOldest(profile);
  const since = oldest === null ? "" : `; the first has waited for ${describeDuration(msBetween(oldest, at))}`;
  const known = explainIdle(dashboard, profile_key);
  const [free, idle, claimed, healthy] = writeCounts({ ...capacity, available: known.free });
  const kept = known.kept.length === 0 ? "" : ` (idle but not free: ${describeKept(known)})`;
  const unlisted = countUnlisted(profile);
  return [
    `${profile_key}${paused === null ? "" : " (paused)"}`,
    `  ${describeWaiting(waiting, runners_wanted)}${since}.`,
    ...(paused === null ? [] : wrapProse(`Paused ${describeAct(paused)}`, "  ")),
    `  ${free} free to claim, ${idle} idle, ${claimed} claimed, ${healthy} healthy${kept}`,
    ...drawChart(profile, at),
    ...(jobs.length === 0
      ? []
      : alignColumns(
          jobColumns,
          jobs.map((job) => writeJob(job, at)),
          "  ",
          width,
        )),
    ...(unlisted === 0 ? [] : [`  and ${formatCount(unlisted)} more`]),
  ];
}

function writeJob(job: DashboardJob, at: string): string[] {
  const { position, qualified_repo, run_id, runner_count, runners_in_hand, last_poll_at, state, reason, monitors } =
    job;
  const asked = monitors.length === 0 ? "" : `: ${[...new Set(monitors)].join(", ")}`;
  return [
    position === null ? "now" : formatCount(position),
    job.unique_id,
    qualified_repo,
    run_id,
    `${formatCount(runner_count)}${runners_in_hand === 0 ? "" : ` (${formatCount(runners_in_hand)} in hand)`}`,
    describeDuration(msBetween(job.enqueued_at, at)),
    describeEstimate(job.estimate),
    job.presence !== "polls"
      ? describePresence(job.presence)
      : last_poll_at === null
        ? "not yet"
        : `${describeDuration(msBetween(last_poll_at, at))} ago`,
    state,
    `${describeReason(reason)}${asked}`,
  ];
}

const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A column for each minute of the last hour, blank where nothing is known. */
function drawChart({ chart }: DashboardProfile, at: string): string[] {
  if (chart.length < 2) return [];
  const now = Math.floor(Date.parse(at) / 60_000);
  const known = new Map(chart.map((sample) => [Math.floor(Date.parse(sample.at) / 60_000), sample]));
  const most = Math.max(1, ...chart.map(({ waiting, idle }) => Math.max(waiting, idle)));
  const draw = (figure: "waiting" | "idle") =>
    Array.from({ length: 60 }, (_, i) => {
      const value = known.get(now - 59 + i)?.[figure];
      return value === undefined ? " " : bars[Math.ceil((value / most) * (bars.length - 1))];
    }).join("");
  return (["waiting", "idle"] as const).map((figure) => {
    const figures = chart.map((sample) => sample[figure]);
    return `  ${figure.padEnd(7)} ${draw(figure)} now ${formatCount(figures.at(-1) ?? 0)}, at most ${formatCount(Math.max(...figures))}`;
  });
}

const runningColumns = [
  { name: "runner", most: 34 },
  { name: "state", most: 8 },
  { name: "for", most: 11 },
  { name: "job", most: mostOfId },
  { name: "repository", most: 24 },
  { name: "run", most: 20 },
  { name: "profile", most: 24 },
] as const;

function writeRunning({ running, running_count, at }: Dashboard, width: number): string[] {
  const rows = running.map(({ runner, runner_name, state, since, unique_id, qualified_repo, run_id, profile_key }) => [
    runner_name === null ? runner : `${runner_name} (${runner})`,
    state,
    describeDuration(msBetween(since, at)),
    unique_id,
    qualified_repo ?? "",
    run_id ?? "",
    profile_key ?? "",
  ]);
  const more = running_count - running.length;
  return [
    ...alignColumns(runningColumns, rows, "  ", width),
    ...(more === 0 ? [] : [`  and ${formatCount(more)} more`]),
  ];
}

const endColumns = [
  { name: "when", most: 19 },
  { name: "end", most: 9 },
  { name: "job", most: mostOfId },
  { name: "repository", most: 24 },
  { name: "run", most: 20 },
  { name: "profile", most: 24 },
  { name: "waited", most: 11 },
  { name: "runners", most: 40 },
] as const;

function writeEnds(ends: readonly DashboardEnd[], at: string, width: number): string[] {
  const rows = ends.map((end) => [
    end.at.slice(0, 10) === at.slice(0, 10) ? end.at.slice(11, 19) : describeMoment(end.at).slice(0, 19),
    end.what,
    end.unique_id ?? "",
    end.qualified_repo ?? "",
    end.run_id ?? "",
    end.profile_key,
    end.waited_ms === null ? "" : describeDuration(end.waited_ms),
    end.runners.length > 0 ? end.runners.join(", ") : `${formatCount(end.runner_count ?? 0)} asked`,
  ]);
  return alignColumns(endColumns, rows, "  ", width);
}
