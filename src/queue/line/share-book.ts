// Keeps a profile's shares in step with its jobs, whatever operation changed them: who comes in line
// takes its part, who is claimed moves the virtual time, who leaves unserved gives back.
import { isOver, type Job } from "../job/job.ts";
import type { JobChange, ProfileHead } from "../profile.ts";
import { followShare, type ShareBook, type SharedJob, withoutPassedFlows } from "./shares.ts";

/**
 * What changes in the head beside what an operation changed itself.
 * @param head as it is by now
 * @param areFlowsRead where they are not, they are left alone
 */
export function followShares(
  head: ProfileHead,
  changes: readonly JobChange[],
  areFlowsRead: boolean,
): Partial<Pick<ProfileHead, "virtualTime" | "flows">> {
  if (changes.every(({ before, after }) => (before?.share ?? after?.share) === undefined)) return {};
  let book: ShareBook = { virtualTime: head.virtualTime, flows: areFlowsRead ? head.flows : null };
  for (const { before, after } of changes) book = followShare(book, asShared(before), asShared(after));
  const flows = withoutPassedFlows(book);
  return {
    ...(book.virtualTime?.at !== head.virtualTime?.at && { virtualTime: book.virtualTime }),
    ...(flows !== null && flows !== head.flows && { flows }),
  };
}

function asShared(job: Job | null): SharedJob | null {
  if (job === null) return null;
  const { qualifiedRepo, className, share, state, expeditedAt } = job;
  return {
    qualifiedRepo,
    className,
    share,
    isWaiting: !isOver(state) && state !== "claimed",
    isClaimed: state === "claimed",
    isServed: state === "taken",
    isExpedited: expeditedAt !== undefined,
  };
}
