// How counters of this service are named: one place for the prefix and the suffix.
import { Counter, type Registry } from "prom-client";

export type MakeCounter = <Name extends string>(
  name: string,
  help: string,
  labelNames: readonly Name[],
) => Counter<Name>;

/** Makes counters of `registry`; `name` goes without `runner_queue_` and `_total`. */
export function createCounters(registry: Registry): MakeCounter {
  return (name, help, labelNames) =>
    new Counter({ name: `runner_queue_${name}_total`, help, labelNames, registers: [registry] });
}
