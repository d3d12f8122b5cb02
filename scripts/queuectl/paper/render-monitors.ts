// Each monitor: how it is, who drains it, what came of its takes; and its runners by profile.
import type { Dashboard, Monitor } from "../requests/documents.ts";
import type { Paper } from "./paper.ts";
import { renderAct } from "./render-act.ts";
import { describeAgo, describeAhead } from "./span.ts";
import { type Column, renderTable } from "./table.ts";
import { toneOf } from "./tones.ts";

const monitorColumns = (now: string): Column<Monitor>[] => [
  { title: "MONITOR", cell: ({ name }) => name },
  { title: "STATE", cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { title: "LAST HEARD", cell: ({ answered_at }) => describeAgo(answered_at, now) ?? "never" },
  { title: "FAILURES", cell: ({ failures }) => failures },
  { title: "NEXT PROBE", cell: ({ next_ask_at }) => describeAhead(next_ask_at, now) },
  { title: "BACKING OFF", cell: ({ backing_off_until }) => describeAhead(backing_off_until, now) },
  { title: "TAKES", cell: ({ takes }) => describeTakes(takes) },
  {
    title: "DRAINING",
    cell: ({ draining }) => renderAct(draining, now),
    tone: ({ draining }) => (draining === null ? null : "warn"),
  },
];

type Row = readonly [monitor: string, counts: Monitor["profiles"][number]];

const countColumns: readonly Column<Row>[] = [
  { title: "MONITOR", cell: ([monitor]) => monitor },
  { title: "PROFILE", cell: ([, { profile_key }]) => profile_key },
  { title: "IDLE", cell: ([, { idle }]) => idle },
  { title: "CLAIMED", cell: ([, { claimed }]) => claimed },
  { title: "AVAILABLE", cell: ([, { available }]) => available },
  { title: "HEALTHY", cell: ([, { healthy }]) => healthy },
  { title: "TARGET", cell: ([, { target }]) => target },
];

export function renderMonitors({ at, monitors }: Dashboard, paper: Paper): readonly string[] {
  const rows = monitors.flatMap(({ name, profiles }) => profiles.map((counts): Row => [name, counts]));
  return [
    ...renderTable(monitorColumns(at), monitors, paper),
    ...(rows.length === 0 ? [] : ["", ...renderTable(countColumns, rows, paper)]),
  ];
}

function describeTakes(takes: Monitor["takes"]): string | null {
  const counts = Object.entries(takes).filter(([, count]) => count > 0);
  return counts.length === 0 ? null : counts.map(([result, count]) => `${count} ${result}`).join(", ");
}
