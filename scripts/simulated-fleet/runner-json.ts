// Runners and their counts as the monitor writes them: in the answer to a take and in /dashboard.json. Holds more fields
// than anybody reads, since the real one does too and a reader must not mind.
import type { PooledRunner, RunnerPool } from "./runner-pool.ts";

interface Label {
  id: number;
  name: string;
  type: string;
}

interface RunnerEntry {
  id: number;
  runner: Record<string, unknown>;
}

/** `labelled` false: as in a take's answer, where the runner is shown as it was before the monitor labelled it. */
export function writeRunner(monitor: string, runner: PooledRunner, labelled: boolean): RunnerEntry {
  const reservation = labelled ? runner.reservation : null;
  const names = ["self-hosted", "X64", `profile:${runner.profile}`];
  if (reservation !== null) {
    names.push(
      `reserved-for:${reservation.uniqueId}`,
      `reserved-since:${Math.floor(reservation.since / 1000)}`,
      `reserved-by:${reservation.qualifiedRepo}/actions/runs/${reservation.runId}`,
    );
  }
  const labels = names.map((name, index): Label => ({ id: index + 1, name, type: "custom" }));
  const guestName = `${runner.profile}.${runner.id}`;
  return {
    id: runner.id,
    runner: {
      id: runner.id,
      created_at: Math.floor(runner.createdAt / 1000),
      registration: {
        id: 50_000 + runner.id,
        name: `${guestName}@${monitor}`,
        os: "unknown",
        status: "online",
        busy: runner.state === "busy",
        runner_group_id: 1,
        labels,
      },
      guest_name: guestName,
      volume_name: `tank/base/${guestName}`,
      ssh_port: 22,
    },
  };
}

export function writeDashboard(monitor: string, pool: RunnerPool) {
  const runners = pool.runners();
  const counts: Record<string, Record<string, unknown>> = {};
  for (const [profile, target] of pool.profiles()) {
    const own = runners.filter((runner) => runner.profile === profile);
    const inState = (state: PooledRunner["state"]) => own.filter((runner) => runner.state === state).length;
    counts[profile] = {
      target,
      healthy: own.length,
      started_or_crashed: 0,
      idle: inState("idle"),
      reserved: inState("reserved"),
      busy: inState("busy"),
      excess_idle: Math.max(0, own.length - target),
      wanted: Math.max(0, target - own.length),
      image_age: 86_400,
    };
  }
  const entries: unknown[] = runners.map((runner) => writeRunner(monitor, runner, true));
  return {
    profile_runner_counts: counts,
    runners: entries,
    hypervisor: { kind: "simulated", host: monitor },
    some_unknown_field: { nested: [1, null, "text"] },
  };
}

export type Dashboard = ReturnType<typeof writeDashboard>;
