// What we ask of GitHub: the artifacts of a run by their exact name, and the bytes of one. Nothing
// here decides what it means for a job.
import { z } from "zod";
import { readBytes } from "../bounded-body.ts";
import { type GithubReply, nameFailure, type Trouble, trouble } from "./github-api.ts";
import { parseReply } from "./github-credentials.ts";
import type { AskGithub } from "./github-question.ts";

export interface Artifact {
  readonly id: number;
  readonly isExpired: boolean;
  /** ms since 1970, GitHub's clock */
  readonly createdAt: number;
  /** of its zip, in bytes */
  readonly size: number;
}

export type ArtifactList =
  /** `askedAt`: GitHub's own clock at the reply where it tells, ms since 1970 */
  | { readonly kind: "artifacts"; readonly artifacts: readonly Artifact[]; readonly askedAt: number }
  /** there is no such run, or GitHub does not show it to us */
  | { readonly kind: "missing" }
  | Trouble;

export type ArtifactBytes =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" }
  | { readonly kind: "missing" }
  | Trouble;

export interface GithubClient {
  listArtifacts(qualifiedRepo: string, runId: string, name: string, signal: AbortSignal): Promise<ArtifactList>;
  /** The zip of an artifact, if it has no more than `longest` bytes. */
  loadArtifact(qualifiedRepo: string, id: number, longest: number, signal: AbortSignal): Promise<ArtifactBytes>;
}

/** GitHub's largest page. */
const perPage = 100;
/**
 * An exact name has few artifacts, one per attempt; an old GitHub Enterprise Server that does not
 * know `name` lists all of the run.
 */
const mostPages = 10;
const mostRedirects = 3;

const listSchema = z.object({ total_count: z.int().min(0), artifacts: z.array(z.unknown()).max(perPage) });
const artifactSchema = z.object({
  id: z.int().positive(),
  name: z.string(),
  expired: z.boolean(),
  created_at: z.iso.datetime({ offset: true }),
  size_in_bytes: z.int().min(0),
});

/** @param now ms since 1970 */
export function createGithubClient(apiUrl: string, ask: AskGithub, now: () => number): GithubClient {
  return {
    listArtifacts: async (qualifiedRepo, runId, name, signal) => {
      const artifacts: Artifact[] = [];
      let askedAt = now();
      for (let page = 1; page <= mostPages; page++) {
        const query = new URLSearchParams({ name, per_page: String(perPage), ...(page > 1 && { page: String(page) }) });
        const path = `/repos/${qualifiedRepo}/actions/runs/${runId}/artifacts?${query}`;
        const reply = await ask({ qualifiedRepo, path, signal });
        if (reply.kind !== "reply") return reply;
        const list = reply.status === 200 ? parseReply(reply.body, listSchema) : null;
        if (list === null) return trouble(`artifacts: status ${reply.status}, or not a list`);
        const found = parseArtifacts(list.artifacts, name);
        if (found === null) return trouble("artifacts: one is not as GitHub describes them");
        artifacts.push(...found);
        const saidAt = Date.parse(reply.headers.get("date") ?? "");
        if (!Number.isNaN(saidAt)) askedAt = saidAt;
        if (list.artifacts.length < perPage || list.total_count <= page * perPage) break;
      }
      return { kind: "artifacts", artifacts, askedAt };
    },

    loadArtifact: async (qualifiedRepo, id, longest, signal) => {
      const path = `/repos/${qualifiedRepo}/actions/artifacts/${id}/zip`;
      const reply = await ask({ qualifiedRepo, path, signal });
      if (reply.kind !== "reply") return reply;
      if (reply.status === 200)
        return reply.body === null || reply.body.length > longest
          ? { kind: "too_large" }
          : { kind: "bytes", bytes: reply.body };
      return await followToBlob(apiUrl, reply, longest, signal);
    },
  };
}

/**
 * Where the bytes lie: a redirect to a signed URL that lives a minute. Followed by hand, without
 * our credentials, and only to https, or to the host of the API itself in the API's own protocol.
 */
async function followToBlob(
  apiUrl: string,
  first: Extract<GithubReply, { kind: "reply" }>,
  longest: number,
  signal: AbortSignal,
): Promise<ArtifactBytes> {
  const api = new URL(apiUrl);
  let reply: { readonly status: number; readonly headers: Headers } = first;
  let from = api;
  for (let hop = 0; hop < mostRedirects; hop++) {
    const location = reply.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(reply.status) || location === null) {
      return trouble(`download: status ${reply.status}`);
    }
    const target = URL.parse(location, from.href);
    if (target === null || target.username !== "" || !isTrusted(target, api))
      return trouble("download: redirected to elsewhere");
    try {
      const response = await fetch(target, {
        redirect: "manual",
        headers: { "user-agent": "runner-queue", "accept-encoding": "identity" },
        signal,
      });
      if (response.status === 200) {
        const bytes = await readBytes(response, longest);
        return bytes === null ? { kind: "too_large" } : { kind: "bytes", bytes };
      }
      await response.body?.cancel();
      reply = response;
      from = target;
    } catch (error) {
      return trouble(`download: ${nameFailure(error)}`);
    }
  }
  return trouble("download: too many redirects");
}

function isTrusted(target: URL, api: URL): boolean {
  return target.protocol === "https:" || (target.protocol === api.protocol && target.hostname === api.hostname);
}

/**
 * Those of this very name, exactly; null where one of them cannot be read. Others may be as absurd
 * as they like.
 */
function parseArtifacts(list: readonly unknown[], name: string): Artifact[] | null {
  const mine = list.filter((one) => (one as { name?: unknown } | null)?.name === name);
  const parsed = mine.map((one) => artifactSchema.safeParse(one));
  if (parsed.some(({ success }) => !success)) return null;
  return parsed.flatMap(({ data }) =>
    data === undefined
      ? []
      : [
          {
            id: data.id,
            isExpired: data.expired,
            createdAt: Date.parse(data.created_at),
            size: data.size_in_bytes,
          },
        ],
  );
}
