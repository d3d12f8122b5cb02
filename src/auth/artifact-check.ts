// Proves an enqueue by an artifact of its run: asks GitHub, unpacks, compares. Identical look-ups in flight are one look-up, what came of one
// is remembered for some seconds, and whoever only makes GitHub work is slowed down.
import { base64url } from "jose";
import type { Observe } from "../queue/ports.ts";
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
  | { readonly kind: "proven"; readonly profileKey: string; readonly runnerCount: string }
  | Refused
  | Trouble
  | Limited;

/** Too many look-ups: of this caller, or of all. */
interface Limited {
  readonly kind: "limited";
  readonly scope: "caller" | "all";
  readonly retryAfterSeconds: number;
}

/** Unpacks the only file of a zip, at most `longest` bytes; never throws, whatever the bytes are. */
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
const rememberedMs = 5_000;
const mostRemembered = 10_000;
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
  const underWay = new Map<string, Promise<Lookup>>();
  const remembered = new Map<string, { readonly until: number; readonly lookup: Lookup }>();

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

  const lookUpOnce = (key: string, request: ProofRequest, caller: string): Promise<Lookup> => {
    const looking = lookUp(request)
      .catch((error: unknown) => {
        observe({ kind: "trouble", where: "artifact", error });
        return trouble("a bug");
      })
      .then((lookup) => {
        if (lookup.kind !== "refused") limits.forgive(caller);
        if (lookup.kind === "trouble") {
          observe({ kind: "github_trouble", why: lookup.why });
          return lookup;
        }
        remembered.delete(key);
        if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value ?? "");
        remembered.set(key, { until: now() + rememberedMs, lookup });
        return lookup;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, looking);
    return looking;
  };

  /** `isNew`: this request began the look-up; others share or remember it. */
  const find = async (request: ProofRequest, caller: string): Promise<{ found: Lookup | Limited; isNew: boolean }> => {
    const key = `${request.qualifiedRepo.toLowerCase()} ${request.runId} ${request.uniqueId}`;
    const known = remembered.get(key);
    if (known !== undefined && known.until > now()) return { found: known.lookup, isNew: false };
    const current = underWay.get(key);
    if (current !== undefined) return { found: await current, isNew: false };
    if (underWay.size >= mostAtOnce) {
      return { found: { kind: "limited", scope: "all", retryAfterSeconds: 1 }, isNew: false };
    }
    const permit = limits.begin(caller);
    if (permit.kind !== "go") {
      const { kind: scope, retryAfterSeconds } = permit;
      return { found: { kind: "limited", scope, retryAfterSeconds }, isNew: false };
    }
    return { found: await lookUpOnce(key, request, caller), isNew: true };
  };

  return {
    prove: async (request, caller) => {
      const { found, isNew } = await find(request, caller);
      const result =
        found.kind === "text" ? matchText(found.text, request, await challengeOf(request.codeVerifier)) : found;
      if (isNew && result.kind === "refused") observe({ kind: "proof_refused", code: result.code, request });
      return result;
    },
  };
}

function matchText(text: ProofText, request: ProofRequest, challenge: string | null): ProofResult {
  const match = matchProof(text, request, challenge);
  return match === "proven" ? { kind: "proven", profileKey: text.profileKey, runnerCount: text.runnerCount } : match;
}

/** RFC 7636 section 4.2, S256. */
async function challengeOf(codeVerifier: string | null): Promise<string | null> {
  if (codeVerifier === null) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier)));
  return base64url.encode(digest);
}
