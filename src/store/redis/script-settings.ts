// Writes the settings into the scripts: `settings.<name>` becomes its figure, so that a call neither passes nor builds anything for them.
import { freedWindowMs } from "../../queue/freed-rate.ts";
import { historyLength } from "../../queue/history.ts";
import {
  claimLeaseMs,
  forgetMonitorAfterMs,
  leastEvidenceMs,
  legMemoryMs,
  type QueueSettings,
  rejectedBackoffMs,
  sendWithinMs,
  settlePerRunnerMs,
  takeBackoffMaxMs,
  targetMemoryMs,
  unsentBackoffMs,
} from "../../queue/settings.ts";

/** A profile script as Redis gets it. Throws for a setting that does not exist. */
export function writeScript(lua: string, settings: QueueSettings): string {
  const all: Readonly<Record<string, number | null>> = {
    ...settings,
    claimLeaseMs,
    forgetMonitorAfterMs,
    freedWindowMs,
    historyLength,
    leastEvidenceMs,
    legMemoryMs,
    rejectedBackoffMs,
    sendWithinMs,
    settlePerRunnerMs,
    takeBackoffMaxMs,
    targetMemoryMs,
    unsentBackoffMs,
  };
  return lua.replace(/\bsettings\.(\w+)/g, (_, name: string) => {
    const value = all[name];
    if (value === undefined) throw new Error(`the scripts name a setting ${name} that does not exist`);
    return value === null ? "nil" : String(value);
  });
}
