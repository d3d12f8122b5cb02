// What this instance's process uses, under the names that Prometheus' own dashboards ask for.
import { Counter, Gauge, type Registry } from "prom-client";

/** What a runtime tells of its process. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** seconds since 1970 */
  readonly startedAt: number;
}

export function attachProcessMetrics(registry: Registry, usage: () => ProcessUsage): void {
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of this instance, seconds",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(usage().cpuSeconds);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of this instance",
    registers: [registry],
    collect() {
      this.set(usage().residentBytes);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When this instance started, seconds since 1970",
    registers: [registry],
    collect() {
      this.set(usage().startedAt);
    },
  });
}
