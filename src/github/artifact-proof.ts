// The rules of the artifact proof: which artifact of a run counts, what its text says, and whether
// that is what was asked for. Only a run of the repository itself can upload an artifact to it, so
// one that names the job proves that the run asked for it.
import type { Artifact } from "./github-client.ts";

/** The text of a proving artifact, as far as we read it. Other keys are left alone. */
export interface ProofText {
  readonly uniqueId: string;
  readonly qualifiedRepo: string;
  readonly runId: string;
  readonly profileKey: string;
  /** as text: "1" where the artifact says nothing */
  readonly runnerCount: string;
  /**
   * base64url of the SHA-256 of a verifier that only the step knows which made the artifact (RFC
   * 7636, S256)
   */
  readonly codeChallenge: string | null;
}

export interface ProofRequest {
  readonly uniqueId: string;
  readonly qualifiedRepo: string;
  readonly runId: string;
  readonly codeVerifier: string | null;
}

export const proofRefusals = [
  "run_not_visible",
  "artifact_missing",
  "artifact_expired",
  "artifact_too_old",
  "artifact_too_large",
  "artifact_malformed",
  "artifact_id_mismatch",
  "artifact_repository_mismatch",
  "artifact_run_mismatch",
  "code_verifier_wrong",
] as const;
export type ProofRefusal = (typeof proofRefusals)[number];

export interface Refused {
  readonly kind: "refused";
  readonly code: ProofRefusal;
  /** for the person who reads the workflow's log; never quotes the artifact */
  readonly detail?: string;
}

const longestLine = 512;

/**
 * The newest artifact that has not expired, if it is no older than `maxAgeMs` at `askedAt` (both
 * GitHub's clock).
 */
export function decideArtifact(
  artifacts: readonly Artifact[],
  askedAt: number,
  maxAgeMs: number,
): { readonly kind: "artifact"; readonly artifact: Artifact } | Refused {
  if (artifacts.length === 0) return { kind: "refused", code: "artifact_missing" };
  const [artifact] = artifacts
    .filter(({ isExpired }) => !isExpired)
    .sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  if (artifact === undefined) return { kind: "refused", code: "artifact_expired" };
  if (askedAt - artifact.createdAt > maxAgeMs) {
    const detail = `It may be no older than ${Math.ceil(maxAgeMs / 1000)} s`;
    return { kind: "refused", code: "artifact_too_old", detail };
  }
  return { kind: "artifact", artifact };
}

/** `key=value` lines, each key at most once, in UTF-8. */
export function parseProofText(bytes: Uint8Array): { readonly kind: "text"; readonly text: ProofText } | Refused {
  let decoded: string;
  try {
    decoded = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return malformed("Its file is not UTF-8 text");
  }
  const values = new Map<string, string>();
  for (const line of decoded.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const at = line.indexOf("=");
    if (at < 1 || line.length > longestLine) return malformed("Its file must hold lines of key=value");
    const key = line.slice(0, at).trim();
    if (values.has(key)) return malformed("Its file gives a key twice");
    values.set(key, line.slice(at + 1).trim());
  }
  const profileKeys = profileNames.flatMap((name) => values.get(name) || []);
  if (new Set(profileKeys).size > 1) return malformed("Its file names two profiles");
  const missing = requiredKeys.filter((key) => !values.get(key));
  if (profileKeys.length === 0) missing.push(profileNames[0]);
  if (missing.length > 0) return malformed(`Its file lacks ${missing.join(", ")}`);
  return {
    kind: "text",
    text: {
      uniqueId: values.get("unique_id") ?? "",
      qualifiedRepo: values.get("qualified_repo") ?? "",
      runId: values.get("run_id") ?? "",
      profileKey: profileKeys[0] ?? "",
      runnerCount: values.get("self_hosted_runner_count") || "1",
      codeChallenge: values.get("code_challenge") ?? null,
    },
  };
}

const requiredKeys: readonly string[] = ["unique_id", "qualified_repo", "run_id"];
/**
 * What the deployed action calls the profile, and what its next version does (servo/ci-runners#96).
 */
const profileNames = ["self_hosted_image_name", "self_hosted_profile"] as const;

/**
 * Whether the artifact names the very job that the request does. `challenge` is the request's
 * verifier, hashed.
 */
export function matchProof(text: ProofText, request: ProofRequest, challenge: string | null): "proven" | Refused {
  if (text.uniqueId !== request.uniqueId) return { kind: "refused", code: "artifact_id_mismatch" };
  if (text.qualifiedRepo.toLowerCase() !== request.qualifiedRepo.toLowerCase()) {
    return { kind: "refused", code: "artifact_repository_mismatch" };
  }
  if (text.runId !== request.runId) return { kind: "refused", code: "artifact_run_mismatch" };
  if (text.codeChallenge !== null && text.codeChallenge !== challenge) {
    return { kind: "refused", code: "code_verifier_wrong" };
  }
  return "proven";
}

export function malformed(detail: string): Refused {
  return { kind: "refused", code: "artifact_malformed", detail };
}
