// The settings as the Lua table that stands above every profile script: nothing to pass or parse with each call.
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

export function luaSettings(settings: QueueSettings): string {
  const all = {
    ...settings,
    claimLeaseMs,
    forgetMonitorAfterMs,
    leastEvidenceMs,
    legMemoryMs,
    rejectedBackoffMs,
    sendWithinMs,
    settlePerRunnerMs,
    takeBackoffMaxMs,
    targetMemoryMs,
    unsentBackoffMs,
  };
  const fields = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name} = ${value}`]));
  return `local settings = { ${fields.join(", ")} }\n`;
}
