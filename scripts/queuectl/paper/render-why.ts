// Why a job waits or waited: the sentence first, then when each stretch began and what each monitor
// said.
import type { Explanation } from "../requests/documents.ts";
import { makeLegible } from "./legible.ts";
import type { Paper } from "./paper.ts";
import { describeTime } from "./span.ts";
import { renderTable } from "./table.ts";

export function renderWhy(why: Explanation, paper: Paper): readonly string[] {
  const { unique_id, says, position, waits, tries, runners, runner_names } = why;
  const place = position === null ? "" : ` It is number ${position} in line.`;
  const got = runners.length === 0 ? "" : ` It got ${(runner_names.length > 0 ? runner_names : runners).join(", ")}.`;
  const told = [...waits.map(({ since, says }) => ({ at: since, says })), ...tries].sort((a, b) =>
    a.at < b.at ? -1 : 1,
  );
  return [
    makeLegible(`${unique_id} ${says}.${place}${got}`, paper.token),
    ...(told.length < 2
      ? []
      : [
          "",
          ...renderTable(
            [
              { title: "SINCE", cell: ({ at }) => describeTime(at) },
              { title: "WHAT", cell: ({ says }) => says },
            ],
            told,
            paper,
          ),
        ]),
  ];
}
