// Settings of the queue for tests that hand the clock in: the defaults of the product.
import { queueSettingsOf } from "../../src/config/queue-settings.ts";
import { parseConfig } from "../../src/config.ts";
import type { QueueSettings } from "../../src/queue/settings.ts";

export function testSettings(environment: Record<string, string> = {}): QueueSettings {
  const parsed = parseConfig({ MONITORS: "http://127.0.0.1:1", API_TOKENS: "t", ...environment });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  return queueSettingsOf(parsed.config);
}
