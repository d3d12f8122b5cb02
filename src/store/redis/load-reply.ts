// Parses what the load script returns. It is read by hand, for it is the polled path; documents in
// it go through zod once.
import type { Loaded, LoadedJob, LoadRequest, StoredJob } from "../../queue/store.ts";
import { decodeFleetDocument, type HeadDecoder, type JobDecoder, noSizes, parseCounts, parseMember } from "./codec.ts";

type Reply = [
  now: number,
  epoch: string,
  room: string,
  version: number,
  head: [paused: string, silence: string, freedRate: string, chart: string, virtualTime: string, flows: string],
  isWhole: number,
  fleet: string[],
  jobs: (string | number[])[],
  front: string[],
  due: string[],
  listed: string[],
  absent: string[],
  place: string,
  sizes: [line: number[], aside: number[], claimed: number[]] | [],
];
const replyLength = 14;

/** Throws for what no script of ours returns. */
export function parseLoadReply(reply: unknown, request: LoadRequest, heads: HeadDecoder, jobs: JobDecoder): Loaded {
  if (!Array.isArray(reply) || reply.length !== replyLength) throw new TypeError("not a reply of the load script");
  const [now, epoch, room, version, head, isWhole, fleet, jobList, front, due, listed, absent, place, sizes] =
    reply as Reply;
  const documentsOf = (flat: readonly string[]): readonly StoredJob[] => {
    if (flat.length === 0) return none;
    const found: StoredJob[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const stored = jobs.decode(request.profileKey, flat[i] ?? "", flat[i + 1] ?? "");
      if (stored !== null) found.push(stored);
    }
    return found;
  };
  return {
    now,
    epoch,
    lostAt: Number.parseInt(epoch, 10) || 0,
    room: Number(room),
    head: heads.decode(...head),
    fleetVersion: version,
    isWholeFleet: isWhole === 1,
    fleet: fleet.length === 0 ? none : parseFleet(fleet),
    jobs: request.jobs.map(
      ({ uniqueId }, at): LoadedJob => ({
        stored: jobs.decode(request.profileKey, uniqueId, jobList[3 * at] as string),
        ahead: parseCounts(jobList[3 * at + 1] as number[]),
        asideAhead: parseCounts(jobList[3 * at + 2] as number[]),
      }),
    ),
    front: front.length === 0 ? none : front.map(parseMember),
    due: documentsOf(due),
    listed: documentsOf(listed),
    absent: documentsOf(absent),
    place: Number(place),
    sizes:
      sizes.length === 0
        ? noSizes
        : { line: parseCounts(sizes[0]), aside: parseCounts(sizes[1]), claimed: parseCounts(sizes[2]) },
  };
}

const none: readonly never[] = [];

function parseFleet(flat: readonly string[]): Loaded["fleet"] {
  const documents: Loaded["fleet"][number][] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const document = decodeFleetDocument(flat[i] ?? "", flat[i + 1] ?? "");
    if (document !== null) documents.push(document);
  }
  return documents;
}
