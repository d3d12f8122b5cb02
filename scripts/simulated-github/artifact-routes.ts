// The routes of artifacts: list those of a run, go to the zip of one, delete one.
import { type Answer, empty, json, notFound, refusal } from "./answer.ts";
import { type ApiCall, withRepository, withRun } from "./api-call.ts";
import { writeArtifact } from "./artifact-json.ts";
import type { Wish } from "./caller.ts";
import { pageOf } from "./page.ts";
import type { Artifact } from "./repositories.ts";

export function listArtifacts(call: ApiCall): Answer {
  const { state, url } = call;
  return withRun(call, "read", (run) => {
    const name = state.faults.ignoresName ? null : url.searchParams.get("name");
    const named = state.repositories.artifactsOf(run).filter((artifact) => name === null || artifact.name === name);
    if (url.searchParams.get("direction") === "asc") named.reverse();
    const page = pageOf(named, url);
    const artifacts = page.items.map((artifact) => writeArtifact(state.url, artifact));
    return json(200, { total_count: named.length, artifacts }, page.headers);
  });
}

export function redirectToZip(call: ApiCall): Answer {
  const { state } = call;
  return withArtifact(call, "download", (artifact) => {
    if (artifact.isExpired) return refusal(410, "Artifact has expired");
    return empty(302, { location: state.faults.redirectTo ?? state.url + state.blobLinks.linkTo(artifact.id) });
  });
}

export function deleteArtifact(call: ApiCall): Answer {
  return withArtifact(call, "write", (artifact) => {
    call.state.repositories.removeArtifact(artifact.id);
    return empty(204);
  });
}

function withArtifact(call: ApiCall, wish: Wish, then: (artifact: Artifact) => Answer): Answer {
  return withRepository(call, wish, (repository) => {
    const artifact = call.state.repositories.artifact(Number(call.path.id));
    return artifact?.run.repository === repository ? then(artifact) : notFound;
  });
}
