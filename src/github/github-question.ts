// A question to GitHub about one repository, as whoever we are there. What comes back is about the
// question: rejected credentials are replaced and tried once more, or are trouble.
import type { Observe } from "../queue/events.ts";
import { type GithubApi, type GithubReply, isAboutTheQuestion, trouble } from "./github-api.ts";
import type { Authorization, GithubCredentials } from "./github-credentials.ts";

export interface Question {
  readonly qualifiedRepo: string;
  /** below the API's URL, beginning with a slash */
  readonly path: string;
  readonly signal: AbortSignal;
  /** the ETag of an answer that is known: GitHub says 304 where it is still that, for nothing */
  readonly etag?: string | undefined;
  /** not asked where it would leave less than this share of the hourly budget to others, 0 to 1 */
  readonly shareLeft?: number;
}

export type AskGithub = (question: Question) => Promise<GithubReply | { readonly kind: "missing" }>;

export function createAskGithub(api: GithubApi, credentials: GithubCredentials, observe: Observe): AskGithub {
  const askOnce = async ({ qualifiedRepo, path, signal, etag, shareLeft }: Question) => {
    const authorization = await within(signal, credentials.authorize(qualifiedRepo));
    if (authorization.kind !== "authorized") return { header: null, reply: authorization };
    const { header, account, mayRenew } = authorization;
    const request = { method: "GET", path, authorization: header, account, mayRenew, signal } as const;
    return { header, reply: await api({ ...request, etag, shareLeft }) };
  };

  return async function askGithub(question) {
    let { header, reply } = await askOnce(question);
    const isDistrusted = reply.kind === "reply" && reply.status === 401;
    if (isDistrusted && credentials.distrust(header, question.qualifiedRepo)) {
      ({ header, reply } = await askOnce(question));
    }
    if (reply.kind !== "reply") return reply;
    if (isAboutTheQuestion(reply.status)) return { kind: "missing" };
    if (reply.status === 401 || reply.status === 403) {
      observe({ kind: "rejected_by_github", status: reply.status });
      return trouble(`status ${reply.status}`, 30_000, true);
    }
    return reply;
  };
}

/** What comes of `work`, or trouble where `signal` ends it first: work that is shared goes on. */
async function within(signal: AbortSignal, work: Promise<Authorization>): Promise<Authorization> {
  return await new Promise((resolve, reject) => {
    const giveUp = () => resolve(trouble("TimeoutError"));
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.finally(() => signal.removeEventListener("abort", giveUp)).then(resolve, reject);
  });
}
