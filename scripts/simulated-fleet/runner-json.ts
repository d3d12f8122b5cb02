// Runners and their counts as the monitor writes them: in the answer to a take and in
// /dashboard.json. Holds more fields than anybody reads, since the real one does too and a reader
// must not mind; but none that the real one has not.
import type { ReservationForm } from "./habits-and-faults.ts";
import type { PooledRunner, RunnerPool } from "./runner-pool.ts";

interface RunnerEntry {
  id: number;
  runner: Record<string, unknown>;
}

/**
 * `isLabelled` false: as in a take's answer, where the runner is shown as it was before the monitor
 * reserved it.
 */
export function writeRunner(
  monitor: string,
  runner: PooledRunner,
  isLabelled: boolean,
  form: ReservationForm,
): RunnerEntry {
  const guestName = `ci-runner-${runner.profile}.${runner.id}`;
  const registeredName = `${guestName}@${monitor}`;
  const shown = { ...runner, reservation: isLabelled ? runner.reservation : null };
  const labels = form === "label" ? labelsThatReserve(shown) : labelsFromBirth(shown, registeredName);
  const registration = {
    id: 50_000 + runner.id,
    busy: runner.state === "busy",
    name: registeredName,
    status: runner.state === "starting" ? "offline" : "online",
    labels: labels.map((name) => ({ name })),
  };
  const seen = {
    id: runner.id,
    created_time: writeTime(runner.createdAt),
    registration,
    guest_name: guestName,
    ipv4_address: `192.168.100.${2 + (runner.id % 250)}`,
  };
  if (form === "label") return { id: runner.id, runner: { ...seen, details: { image_type: "Rust" } } };
  const details = { image_type: "Rust", runner_uuid: runner.uuid };
  return { id: runner.id, runner: { ...seen, reservation: writeReservation(shown), details } };
}

function labelsThatReserve({ profile, reservation }: PooledRunner): string[] {
  const labels = ["self-hosted", "X64", `self-hosted-image:${profile}`];
  if (reservation === null) return labels;
  const { uniqueId, since, qualifiedRepo, runId } = reservation;
  const sinceSeconds = Math.floor(since / 1000);
  return [
    ...labels,
    `reserved-for:${uniqueId}`,
    `reserved-since:${sinceSeconds}`,
    `reserved-by:${qualifiedRepo}/actions/runs/${runId}`,
  ];
}

/** Of the next version: they name the runner, and never change. */
function labelsFromBirth({ profile, uuid }: PooledRunner, registeredName: string): string[] {
  return [
    "self-hosted",
    `self-hosted-profile:${profile}`,
    `self-hosted-runner:${registeredName}`,
    `self-hosted-uuid:${uuid}`,
  ];
}

function writeReservation({ reservation }: PooledRunner): Record<string, unknown> | null {
  if (reservation === null) return null;
  const { uniqueId, since, qualifiedRepo, runId } = reservation;
  return {
    reserved_since: Math.floor(since / 1000),
    unique_id: uniqueId,
    run_url: `${qualifiedRepo}/actions/runs/${runId}`,
  };
}

export function writeDashboard(monitor: string, pool: RunnerPool, form: ReservationForm) {
  const runners = pool.runners();
  const counts: Record<string, Record<string, unknown>> = {};
  for (const [profile, { target, imageAgeMs }] of pool.profiles()) {
    const own = runners.filter((runner) => runner.profile === profile);
    const inState = (state: PooledRunner["state"]) => own.filter((runner) => runner.state === state).length;
    counts[profile] = {
      target,
      healthy: own.length,
      started_or_crashed: inState("starting"),
      idle: inState("idle"),
      reserved: inState("reserved"),
      busy: inState("busy"),
      excess_healthy: Math.max(0, own.length - target),
      wanted: Math.max(0, target - own.length),
      image_age: writeDuration(imageAgeMs),
    };
  }
  const entries: unknown[] = runners.map((runner) => ({
    ...writeRunner(monitor, runner, true, form),
    screenshot_url: `http://${monitor}.invalid/runner/${runner.id}/screenshot`,
  }));
  return { profile_runner_counts: counts, runners: entries };
}

function writeTime(ms: number) {
  return { secs_since_epoch: Math.floor(ms / 1000), nanos_since_epoch: (ms % 1000) * 1_000_000 };
}

function writeDuration(ms: number) {
  return { secs: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

export type Dashboard = ReturnType<typeof writeDashboard>;
