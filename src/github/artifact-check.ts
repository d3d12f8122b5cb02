// Proves an enqueue by an artifact of its run: asks GitHub, unpacks, compares. Identical look-ups
// in flight are one look-up, what came of one is remembered for some seconds, and whoever only
// makes GitHub work is slowed down. Nobody is refused for what somebody else asked.
import { base64url } from "jose";
import { LRUCache } from "lru-cache";
import { growingTo } from "../bounded-cache.ts";
import type { Observe } from "../queue/events.ts";
import {
  decideArtifact,
  malformed,
  matchProof,
  type ProofRequest,
  type ProofText,
  parseProofText,
  type Refused,
} from "./artifact-proof.ts";
import { type Trouble, trouble } from "./github-api.ts";
import type { GithubClient } from "./github-client.ts";
import { createLookupLimits } from "./lookup-limits.ts";

export type ProofResult =
  /**
   * `qualifiedRepo` as the artifact spells it: one job has one spelling, whatever the request's
   * case
   */
  | {
      readonly kind: "proven";
      readonly profileKey: string;
      readonly runnerCount: string;
      readonly qualifiedRepo: string;
    }
  | Refused
  | Trouble
  | Limited;

/** Too many look-ups: of this caller, or of all. */
interface Limited {
  readonly kind: "limited";
  readonly scope: "caller" | "all";
  readonly retryAfterSeconds: number;
}

/**
 * Unpacks the only file of a zip, at most `longest` bytes; never throws, whatever the bytes are.
 */
export type LoadSoleFile = (
  zip: Uint8Array,
  longest: number,
) => Promise<{ readonly kind: "file"; readonly bytes: Uint8Array } | { readonly kind: "bad"; readonly why: string }>;

export interface ArtifactCheck {
  /** @param caller whoever asks, as far as can be told: an address */
  prove(request: ProofRequest, caller: string): Promise<ProofResult>;
}

export interface ArtifactCheckSettings {
  readonly artifactPrefix: string;
  readonly artifactMaxAgeMs: number;
}

type Lookup = { readonly kind: "text"; readonly text: ProofText } | Refused | Trouble;

const longestZip = 64 * 1024;
const longestFile = 8 * 1024;
/** Clients give an attempt 30 s. */
const lookupWithinMs = 20_000;
/** A refusal may be over soon: the artifact may be uploaded, or a newer one. */
const refusalKeptMs = 3_000;
/** What an artifact says is over when its run is; a replay within this costs nothing. */
const textKeptMs = 30_000;
const mostRemembered = 2_000;
/** GitHub objects to more than 100 requests at once. */
const mostAtOnce = 80;

/** @param now ms since 1970 */
export function createArtifactCheck(
  settings: ArtifactCheckSettings,
  github: GithubClient,
  loadSoleFile: LoadSoleFile,
  observe: Observe,
  now: () => number,
): ArtifactCheck {
  const limits = createLookupLimits(now);
  const memory = createMemory(now);
  const underWay = new Map<string, Promise<Lookup | Limited>>();
  let atOnce = 0;

  const lookUp = async ({ qualifiedRepo, runId, uniqueId }: ProofRequest): Promise<Lookup> => {
    const signal = AbortSignal.timeout(lookupWithinMs);
    const name = settings.artifactPrefix + uniqueId;
    const list = await github.listArtifacts(qualifiedRepo, runId, name, signal);
    if (list.kind === "missing") return { kind: "refused", code: "run_not_visible" };
    if (list.kind === "trouble") return list;
    const chosen = decideArtifact(list.artifacts, list.askedAt, settings.artifactMaxAgeMs);
    if (chosen.kind === "refused") return chosen;
    if (chosen.artifact.size > longestZip) return { kind: "refused", code: "artifact_too_large" };
    const zip = await github.loadArtifact(qualifiedRepo, chosen.artifact.id, longestZip, signal);
    if (zip.kind === "trouble") return zip;
    if (zip.kind === "missing") return { kind: "refused", code: "artifact_missing" };
    if (zip.kind === "too_large") return { kind: "refused", code: "artifact_too_large" };
    const file = await loadSoleFile(zip.bytes, longestFile);
    return file.kind === "bad" ? malformed(file.why) : parseProofText(file.bytes);
  };

  /** A look-up of this caller's own, within his limits; remembers what came of it. */
  const begin = async (request: ProofRequest, caller: string, keys: Keys): Promise<Lookup | Limited> => {
    if (atOnce >= mostAtOnce) return { kind: "limited", scope: "all", retryAfterSeconds: 1 };
    const permit = limits.begin(caller, keys.run);
    if (permit.kind !== "go") {
      return { kind: "limited", scope: permit.kind, retryAfterSeconds: permit.retryAfterSeconds };
    }
    atOnce += 1;
    const lookup = await lookUp(request)
      .catch((error: unknown) => {
        observe({ kind: "trouble", where: "artifact", error });
        return trouble("a bug");
      })
      .finally(() => {
        atOnce -= 1;
      });
    const result = lookup.kind === "text" ? await matchText(lookup.text, request) : lookup;
    if (result.kind === "proven") limits.charge(keys.run);
    if (result.kind === "proven" || (result.kind === "trouble" && !result.isSuspicious)) limits.forgive(caller);
    if (result.kind === "refused") observe({ kind: "proof_refused", code: result.code, request });
    if (lookup.kind === "trouble") observe({ kind: "github_trouble", why: lookup.why });
    if (lookup.kind === "text") memory.keep(keys.job, lookup, textKeptMs);
    if (lookup.kind === "refused") memory.keep(keys.own, lookup, refusalKeptMs);
    return lookup;
  };

  /**
   * The same question of the same caller in flight is one look-up. One that somebody else began may
   * be older than this caller's artifact, or unlucky: only what it proves is shared.
   */
  const find = (request: ProofRequest, caller: string, keys: Keys): Promise<Lookup | Limited> => {
    const mine = underWay.get(keys.own);
    if (mine !== undefined) return mine;
    const others = underWay.get(keys.job);
    const finding = (
      others === undefined
        ? begin(request, caller, keys)
        : others.then((found) => (found.kind === "text" ? found : begin(request, caller, keys)))
    ).finally(() => {
      for (const key of [keys.own, keys.job]) if (underWay.get(key) === finding) underWay.delete(key);
    });
    underWay.set(keys.own, finding);
    if (others === undefined) underWay.set(keys.job, finding);
    return finding;
  };

  return {
    prove: async (request, caller) => {
      const run = `${request.qualifiedRepo.toLowerCase()} ${request.runId}`;
      const job = `${run} ${request.uniqueId}`;
      const keys = { run, job, own: `${job} ${caller}` };
      const found = memory.recall(keys.job) ?? memory.recall(keys.own) ?? (await find(request, caller, keys));
      return found.kind === "text" ? await matchText(found.text, request) : found;
    },
  };
}

interface Keys {
  readonly run: string;
  readonly job: string;
  /** the job, asked for by this caller */
  readonly own: string;
}

/** What look-ups came to, for a while each; the oldest is forgotten first. */
function createMemory(now: () => number) {
  const kept = new LRUCache<string, { readonly until: number; readonly lookup: Lookup }>({
    ...growingTo(mostRemembered),
  });
  return {
    keep: (key: string, lookup: Lookup, forMs: number): void => {
      kept.set(key, { until: now() + forMs, lookup });
    },
    recall: (key: string): Lookup | null => {
      const known = kept.get(key);
      return known !== undefined && known.until > now() ? known.lookup : null;
    },
  };
}

async function matchText(text: ProofText, request: ProofRequest): Promise<ProofResult> {
  const match = matchProof(text, request, await challengeOf(request.codeVerifier));
  if (match !== "proven") return match;
  const { profileKey, runnerCount, qualifiedRepo } = text;
  return { kind: "proven", profileKey, runnerCount, qualifiedRepo };
}

/** RFC 7636 section 4.2, S256. */
async function challengeOf(codeVerifier: string | null): Promise<string | null> {
  if (codeVerifier === null) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier)));
  return base64url.encode(digest);
}
