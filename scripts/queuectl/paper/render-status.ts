// The whole queue at a glance: a line per profile, a line per monitor.
import { describeDuration } from "../../../src/duration.ts";
import type { Dashboard, Monitor, Profile } from "../requests/documents.ts";
import type { Paper } from "./paper.ts";
import { renderAct } from "./render-act.ts";
import { type Column, renderTable } from "./table.ts";
import { toneOf } from "./tones.ts";

const profileColumns = (now: string): Column<Profile>[] => [
  { title: "PROFILE", cell: ({ profile_key }) => profile_key },
  { title: "WAITING", cell: ({ waiting }) => waiting },
  { title: "RUNNERS WANTED", cell: ({ runners_wanted }) => runners_wanted },
  { title: "OLDEST", cell: ({ oldest_waited_ms: ms }) => (ms === null ? null : describeDuration(ms)) },
  { title: "FREE", cell: ({ capacity }) => capacity.available },
  { title: "IDLE", cell: ({ capacity }) => capacity.idle },
  { title: "CLAIMED", cell: ({ capacity }) => capacity.claimed },
  { title: "TARGET", cell: ({ capacity }) => capacity.target },
  {
    title: "PAUSED",
    cell: ({ paused }) => renderAct(paused, now),
    tone: ({ paused }) => (paused === null ? null : "warn"),
  },
];

const monitorColumns = (now: string): Column<Monitor>[] => [
  { title: "MONITOR", cell: ({ name }) => name },
  { title: "STATE", cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: "IDLE", cell: ({ profiles }) => profiles.reduce((sum, { idle }) => sum + idle, 0) },
  { title: "TARGET", cell: ({ profiles }) => profiles.reduce((sum, { target }) => sum + target, 0) },
  {
    title: "DRAINING",
    cell: ({ draining }) => renderAct(draining, now),
    tone: ({ draining }) => (draining === null ? null : "warn"),
  },
];

export function renderStatus({ at, profiles, monitors }: Dashboard, paper: Paper): readonly string[] {
  return [
    ...(profiles.length === 0
      ? ["No profile is known yet: no monitor has shown one."]
      : renderTable(profileColumns(at), profiles, paper)),
    "",
    ...renderTable(monitorColumns(at), monitors, paper),
  ];
}
