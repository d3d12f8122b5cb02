// How the line and the fleet stand, read from the store when somebody asks: at most once a second
// however many scrape, and never longer than two seconds. Every instance on one Redis reads the
// same. While the store is away these figures are left out, for the old ones would be a lie; only
// runner_queue_store_up remains, and says 0.
import { Gauge, type Registry } from "prom-client";
import type { Administration } from "../dispatch/administration.ts";
import type { MonitorView } from "../dispatch/monitor-book.ts";
import { sumCapacity } from "../queue/fleet/capacity.ts";
import { countLegsOut, type FleetRow, isBlocked } from "../queue/fleet/fleet.ts";
import { isHeardFresh } from "../queue/fleet/monitor-record.ts";
import { enqueuedAt } from "../queue/job/job.ts";
import type { ProfileOverview } from "../queue/operations/inspect.ts";
import type { QueueSettings } from "../queue/settings.ts";
import { type KnownLabels, mostProfiles } from "./known-labels.ts";

/** How long figures are shown to all who ask. */
const keptMs = 1_000;
/** Prometheus waits 10 s by default; it shall have all else that we know well before. */
const patienceMs = 2_000;
/** A load that takes longer is forgotten; until then nobody starts another. */
const givenUpMs = 10_000;

interface Parts {
  readonly administration: Administration;
  readonly monitors: () => readonly string[];
  readonly settings: QueueSettings;
}

interface Standing {
  readonly profiles: readonly (readonly [profile: string, view: ProfileOverview])[];
  readonly monitors: readonly (readonly [monitor: string, view: MonitorView])[];
  /** store clock, ms */
  readonly now: number;
}

export interface StandingMetrics {
  attach(parts: Parts): void;
  /** Brings the gauges up to date. Never throws. */
  refresh(): Promise<void>;
}

export function createStandingMetrics(registry: Registry, profiles: KnownLabels): StandingMetrics {
  let parts: Parts | undefined;
  let current: { readonly at: number; readonly standing: Promise<Standing | null>; isUnderWay: boolean } | undefined;

  const storeUp = new Gauge({
    name: "runner_queue_store_up",
    help: "Whether the store answered this scrape",
    registers: [registry],
  });
  const cleared: { reset(): void }[] = [];
  const gauge = <Name extends string>(name: string, help: string, labelNames: readonly Name[]) => {
    const made = new Gauge({ name: `runner_queue_${name}`, help, labelNames, registers: [registry] });
    cleared.push(made);
    return made;
  };
  const ofProfile = (name: string, help: string) => gauge(name, help, ["profile"]);
  const ofMonitor = (name: string, help: string) => gauge(name, help, ["monitor"]);
  const ofBoth = (name: string, help: string) => gauge(name, help, ["monitor", "profile"]);

  const waiting = ofProfile("waiting_jobs", "Jobs in line");
  const wanted = ofProfile("wanted_runners", "Runners that the jobs in line still need");
  const oldest = ofProfile(
    "oldest_waiting_job_age_seconds",
    "How long the job that has waited longest waits; 0: none waits",
  );
  const paused = ofProfile("profile_paused", "1 while an operator has paused the profile");
  const idle = ofProfile("idle_runners", "Runners that monitors with a fresh snapshot call idle");
  const claimed = ofProfile("claimed_runners", "Runners asked for, or reserved and not yet visible in a snapshot");
  const available = ofProfile("available_runners", "Runners that could be claimed now");
  const healthy = ofProfile("healthy_runners", "Runners that monitors with a fresh snapshot call healthy");
  const target = ofProfile("target_runners", "Runners that all monitors want to keep, by their last word");

  const up = ofMonitor("monitor_up", "Whether the monitor's snapshot is fresh");
  const failures = ofMonitor("monitor_consecutive_failures", "Dashboards in a row that failed");
  const age = ofMonitor(
    "monitor_dashboard_age_seconds",
    "Since the monitor was asked for the last dashboard that it gave",
  );
  const draining = ofMonitor("monitor_draining", "1 while an operator drains the monitor");
  const backingOff = ofMonitor("monitor_backing_off", "1 while takes leave the monitor alone, after refusals");
  const legs = ofMonitor("monitor_legs_in_flight", "Legs at the monitor that are not settled");
  const idleThere = ofBoth("monitor_idle_runners", "Runners that the monitor calls idle, while its snapshot is fresh");
  const targetThere = ofBoth("monitor_target_runners", "Runners that the monitor wants to keep, by its last word");

  const showProfile = (profile: string, view: ProfileOverview, { snapshotFreshMs }: QueueSettings): void => {
    const { now, oldestPlace } = view;
    waiting.set({ profile }, view.waitingJobs);
    wanted.set({ profile }, view.wantedRunners);
    oldest.set({ profile }, oldestPlace === null ? 0 : Math.max(0, now - enqueuedAt(oldestPlace)) / 1000);
    paused.set({ profile }, view.paused === null ? 0 : 1);
    const capacity = sumCapacity(view.capacity.rows.values(), now, snapshotFreshMs);
    idle.set({ profile }, capacity.idle);
    claimed.set({ profile }, capacity.claimed);
    available.set({ profile }, capacity.available);
    healthy.set({ profile }, capacity.healthy);
    target.set({ profile }, capacity.target);
  };
  const showMonitor = (monitor: string, view: MonitorView, standing: Standing, settings: QueueSettings): void => {
    const { now } = standing;
    const { record, drain } = view;
    const rows = standing.profiles.flatMap(([profile, { capacity }]): (readonly [string, FleetRow])[] => {
      const row = capacity.rows.get(monitor);
      return row === undefined ? [] : [[profile, row]];
    });
    const isUp = record.failures === 0 && isHeardFresh(record, now, settings.snapshotFreshMs);
    up.set({ monitor }, isUp ? 1 : 0);
    failures.set({ monitor }, record.failures);
    if (record.answeredAt > 0) age.set({ monitor }, Math.max(0, now - record.answeredAt) / 1000);
    draining.set({ monitor }, drain === null ? 0 : 1);
    backingOff.set({ monitor }, rows.some(([, row]) => isBlocked(row, now)) ? 1 : 0);
    legs.set(
      { monitor },
      rows.reduce((sum, [, row]) => sum + countLegsOut(row, now), 0),
    );
    for (const [profile, row] of rows) {
      const capacity = sumCapacity([row], now, settings.snapshotFreshMs);
      idleThere.set({ monitor, profile }, capacity.idle);
      targetThere.set({ monitor, profile }, capacity.target);
    }
  };

  /** One load for all who ask within a second, or while it lasts. */
  const share = (given: Parts): Promise<Standing | null> => {
    const age = current === undefined ? Number.POSITIVE_INFINITY : performance.now() - current.at;
    if (current !== undefined && age < (current.isUnderWay ? givenUpMs : keptMs)) return current.standing;
    const standing = loadStanding(given, profiles.isKnown).catch(() => null);
    const begun = { at: performance.now(), standing, isUnderWay: true };
    current = begun;
    void standing.finally(() => {
      begun.isUnderWay = false;
    });
    return standing;
  };

  return {
    attach: (given) => {
      parts = given;
    },
    refresh: async () => {
      const standing = parts === undefined ? null : await within(share(parts), patienceMs);
      // From here on without a break, so that nobody sees half of it.
      for (const one of cleared) one.reset();
      storeUp.set(standing === null ? 0 : 1);
      if (standing === null || parts === undefined) return;
      for (const [profile, view] of standing.profiles) showProfile(profile, view, parts.settings);
      for (const [monitor, view] of standing.monitors) showMonitor(monitor, view, standing, parts.settings);
    },
  };
}

/**
 * @param isUsed whether jobs of the profile were seen: where there are too many profiles, these
 * come first
 */
async function loadStanding(
  { administration, monitors }: Parts,
  isUsed: (profile: string) => boolean,
): Promise<Standing> {
  const all = [...(await administration.profiles())].sort();
  // a full store and a read-only one answer whoever only reads
  await administration.ping();
  const shown = [...all.filter(isUsed), ...all.filter((profile) => !isUsed(profile))].slice(0, mostProfiles);
  const [views, monitorViews] = await Promise.all([
    // one job is enough to know the oldest place
    Promise.all(shown.map(async (profile) => [profile, await administration.overview(profile, 1)] as const)),
    Promise.all(monitors().map(async (monitor) => [monitor, await administration.monitor(monitor)] as const)),
  ]);
  const now = Math.max(0, ...views.map(([, view]) => view.now)) || Date.now();
  return { profiles: views, monitors: monitorViews, now };
}

/** What the work came to, or null where it takes longer. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  return await Promise.race([work, timeUp]).finally(() => clearTimeout(timer));
}
