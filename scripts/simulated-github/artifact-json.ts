// An artifact in GitHub's words.
import { createHash } from "node:crypto";
import type { Artifact, Run } from "./repositories.ts";

const keptForMs = 90 * 24 * 3_600_000;

export function writeArtifact(apiUrl: string, artifact: Artifact): Record<string, unknown> {
  const { id, name, run, createdAt, isExpired, claimedSize, zip } = artifact;
  const url = `${apiUrl}/repos/${run.repository.fullName}/actions/artifacts/${id}`;
  return {
    id,
    node_id: nodeId("Artifact", id),
    name,
    size_in_bytes: claimedSize,
    url,
    archive_download_url: `${url}/zip`,
    expired: isExpired,
    created_at: wholeSeconds(createdAt),
    updated_at: wholeSeconds(createdAt),
    expires_at: wholeSeconds(isExpired ? createdAt : new Date(createdAt.getTime() + keptForMs)),
    digest: `sha256:${createHash("sha256").update(zip).digest("hex")}`,
    workflow_run: {
      id: Number(run.id),
      repository_id: run.repository.id,
      head_repository_id: run.repository.id,
      head_branch: "main",
      head_sha: headSha(run),
    },
  };
}

/** GitHub tells time in whole seconds, rounded down. */
export function wholeSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

export function headSha(run: Run): string {
  return createHash("sha1").update(run.id).digest("hex");
}

export function nodeId(kind: string, id: number): string {
  return Buffer.from(`0${kind.length}:${kind}${id}`).toString("base64");
}
