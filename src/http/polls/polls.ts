// Polls on their two ways: as a route of the application, and past it. A framework costs about as
// much as all that a waiting poll needs of us, so a server that can tell a plain poll by its request
// line hands it in here; whatever is unusual about a request goes through the application.
import type { Context } from "hono";
import { whenKnown } from "../../at-once.ts";
import type { MaybePromise } from "../../queue/store.ts";
import type { IdentifyCaller } from "../callers/caller.ts";
import { type Reply, toResponse } from "../problem.ts";
import type { PollRequest, Take } from "./take-route.ts";

export interface Polls {
  /** `/`, or the path before all of ours, without a slash at its end */
  readonly basePath: string;
  readonly identifyCaller: IdentifyCaller;
  /** Never throws: what fails is a reply, too. */
  readonly answer: (poll: PollRequest) => MaybePromise<Reply>;
}

export interface PollsDeps {
  readonly take: Take;
  readonly basePath: string;
  readonly identifyCaller: IdentifyCaller;
  /** what the application replies to an error */
  readonly replyTo: (error: unknown) => Reply;
  readonly noteReply: (status: number) => void;
  readonly linkBelow: (link: string) => string;
}

export function createPolls({ take, basePath, identifyCaller, replyTo, noteReply, linkBelow }: PollsDeps): Polls {
  const finish = (reply: Reply): Reply => {
    noteReply(reply.status);
    const { link } = reply.headers;
    return basePath === "/" || link === undefined
      ? reply
      : { ...reply, headers: { ...reply.headers, link: linkBelow(link) } };
  };
  const failed = (error: unknown): Reply => finish(replyTo(error));
  return {
    basePath,
    identifyCaller,
    answer: (poll) => {
      try {
        const reply = take(poll);
        return reply instanceof Promise ? reply.then(finish, failed) : finish(reply);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** The same as a route of the application. */
export function createTakeRoute(
  take: Take,
  callerOf: (c: Context) => string,
): (c: Context) => Promise<Response> | Response {
  return function takeRoute(c) {
    const at = c.req.url.indexOf("?");
    const reply = take({
      uniqueId: c.req.param("uniqueId") ?? "",
      query: at < 0 ? "" : c.req.url.slice(at + 1),
      header: (name) => c.req.header(name),
      caller: () => callerOf(c),
      clientGone: () => c.req.raw.signal,
    });
    return whenKnown(reply, toResponse);
  };
}
