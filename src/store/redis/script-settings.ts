// Makes the scripts as Redis gets them: `settings.<name>` becomes its figure, so that a call neither passes nor builds anything for them; and of the preamble
// only those functions come along that the script uses: Redis makes them anew at every call, 2 us for all of them.
import { freedWindowMs } from "../../queue/freed-rate.ts";
import { historyLength } from "../../queue/history.ts";
import {
  claimLeaseMs,
  forgetMonitorAfterMs,
  leastEvidenceMs,
  legMemoryMs,
  orderAfterLossMs,
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
    orderAfterLossMs,
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

/** The preamble's functions that a script uses, by themselves or through others, and all that is no function. */
export function writeProfileScript(preamble: string, lua: string): string {
  const parts = preamble.split(/^(?=local function )|(?<=^end\n)/m);
  const named = parts.map((text) => ({ text, name: /^local function (\w+)/.exec(text)?.[1] ?? null }));
  const used = new Set(named.filter(({ name }) => name === null));
  for (let before = -1; before !== used.size; ) {
    before = used.size;
    const text = [lua, ...[...used].map((part) => part.text)].join("\n");
    for (const part of named) if (part.name !== null && new RegExp(`\\b${part.name}\\b`).test(text)) used.add(part);
  }
  return `${named.flatMap((part) => (used.has(part) ? [part.text] : [])).join("")}\n${lua}`;
}
