// Which job a ticket speaks for.
import { expect, it } from "vitest";
import { matchTicket } from "../../../src/queue/job/match-ticket.ts";
import { claimedJobOf, jobOf, ticket } from "../../support/queue-data.ts";

const earlier = { ...ticket, place: ticket.place - 1, share: { start: 1, end: 2 } };
const later = { ...ticket, place: ticket.place + 1 };
const rerun = jobOf({ place: ticket.place + 7, generation: 2, first: { place: ticket.place, runnerCount: 1 } });

it.each([
  { name: "its own job", job: jobOf(), given: ticket, expected: { kind: "job", job: jobOf() } },
  {
    name: "also where it says less of it than is known by now",
    job: jobOf({ runnerCount: 2 }),
    given: ticket,
    expected: { kind: "job", job: jobOf({ runnerCount: 2 }) },
  },
  {
    name: "the later generation, whose ticket it gets, where it is the first one's",
    job: rerun,
    given: ticket,
    expected: { kind: "later_generation", ticket: { ...ticket, place: ticket.place + 7 } },
  },
  {
    name: "the same request that holds two tickets: the older place counts, and its share",
    job: jobOf({ share: { start: 5, end: 6 } }),
    given: earlier,
    expected: { kind: "job", job: jobOf({ place: earlier.place, share: earlier.share }) },
  },
  {
    name: "the same with the newer ticket: its place stays",
    job: jobOf(),
    given: later,
    expected: { kind: "job", job: jobOf() },
  },
  {
    name: "the same while it is asked for: its place stays",
    job: claimedJobOf(),
    given: earlier,
    expected: { kind: "job", job: claimedJobOf() },
  },
  {
    name: "none of another request",
    job: jobOf({ runId: "2" }),
    given: earlier,
    expected: { kind: "superseded" },
  },
  {
    name: "none that came after the ticket's own had ended",
    job: jobOf({ endedPlace: earlier.place }),
    given: earlier,
    expected: { kind: "superseded" },
  },
  {
    name: "one that came after an earlier one had ended",
    job: jobOf({ endedPlace: earlier.place - 1 }),
    given: earlier,
    expected: {
      kind: "job",
      job: jobOf({ endedPlace: earlier.place - 1, place: earlier.place, share: earlier.share }),
    },
  },
] as const)("a ticket speaks for $name", ({ job, given, expected }) => {
  expect(matchTicket(job, given)).toEqual(expected);
});
