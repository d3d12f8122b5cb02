// By which rule a job stands where it stands, and who is ahead of it.
import type { Explanation, Flow } from "../requests/documents.ts";
import { makeLegible } from "./legible.ts";
import type { Paper } from "./paper.ts";
import { type Column, renderTable } from "./table.ts";

type Ahead = Explanation["ahead"][number];

const columns: readonly Column<Ahead>[] = [
  { title: "AHEAD", cell: ({ flow }) => (flow === null ? "all flows" : describeFlow(flow)) },
  { title: "JOBS", cell: ({ jobs }) => jobs },
  { title: "RUNNERS", cell: ({ runners }) => runners },
];

export function renderStanding(explanation: Explanation, paper: Paper): readonly string[] {
  const { unique_id, state, says, rule, flow, position, fifo_position, may_still_pass, ahead } = explanation;
  const isShared = rule === "fair_share";
  const facts: readonly (readonly [string, string])[] = [
    ["job", `${unique_id}, ${state}`],
    ["rule", isShared ? "fair_share: the line is shared by weights" : "fifo: one line in order of enqueue"],
    ["flow", isShared ? describeFlow(flow) : flow.repository],
    ["position", position === null ? "none: it does not wait" : String(position)],
    ...(isShared && position !== null
      ? ([
          ["by order of enqueue", String(fifo_position ?? "-")],
          ["may still pass it", `${may_still_pass} of the jobs behind it`],
        ] as const)
      : []),
    ["in words", says],
  ];
  return [
    ...facts.map(([name, value]) => makeLegible(`${name.padEnd(20)} ${value}`, paper.token)),
    ...(ahead.length === 0 ? [] : ["", ...renderTable(columns, ahead, paper)]),
  ];
}

/** "servo/servo, class nightly, weight 3" */
function describeFlow({ repository, class: className, weight }: Flow): string {
  return [repository, ...(className === null ? [] : [`class ${className}`]), `weight ${weight}`].join(", ");
}
