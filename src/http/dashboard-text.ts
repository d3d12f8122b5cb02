// The dashboard as text for a terminal. To be written.
import type { Dashboard } from "./dashboard-data.ts";

export function renderText(dashboard: Dashboard): string {
  return `${dashboard.at}\n`;
}
