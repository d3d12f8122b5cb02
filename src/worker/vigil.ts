// Whether the loops of the service run. They begin with the first request, and rest when nobody has
// asked for anything for so long that every job is abandoned or settled: a Durable Object without
// timers may be put away, and costs nothing then.
import type { Service } from "../compose.ts";

const usualLookMs = 15_000;
/**
 * The first to come waits so long for the fleet to be asked, so that he is not told that nothing is
 * known of it.
 */
const patienceMs = 2_000;

export interface Vigil {
  noteActivity(): void;
  /** Somebody asks: resolves when the loops run, and the fleet was asked or had its time. */
  wake(): Promise<void>;
}

export function createVigil(
  service: Pick<Service, "start" | "rest" | "fleetAsked" | "isBusy">,
  restAfterMs: number,
  lookEveryMs = usualLookMs,
): Vigil {
  let lastAt = 0;
  let awake: Promise<void> | null = null;

  const look = (): void => {
    setTimeout(() => {
      if (service.isBusy() || performance.now() - lastAt < restAfterMs) return look();
      awake = null;
      service.rest();
    }, lookEveryMs);
  };
  return {
    noteActivity: () => {
      lastAt = performance.now();
    },
    wake: () => {
      lastAt = performance.now();
      if (awake === null) {
        service.start();
        awake = service.fleetAsked(patienceMs);
        look();
      }
      return awake;
    },
  };
}
