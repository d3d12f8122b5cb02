// Where the zips lie: at another host in truth, which wants no credentials but those in the link,
// and refuses any other.
import type { ServerResponse } from "node:http";
import { empty, sendAnswer } from "./answer.ts";
import { sendEndlessly } from "./foul-answers.ts";
import type { GithubState } from "./github-state.ts";
import type { SeenRequest } from "./request-log.ts";

export function answerBlob(state: GithubState, seen: SeenRequest, url: URL, response: ServerResponse): void {
  const { faults } = state;
  if (seen.headers.authorization !== undefined) {
    state.log.object(seen, "Authorization sent to a blob URL");
    return sendAnswer(response, error(400, "InvalidAuthenticationInfo"));
  }
  if (seen.method !== "GET") {
    state.log.object(seen, "a blob can only be got");
    return sendAnswer(response, error(405, "UnsupportedHttpVerb"));
  }
  if (faults.blobHang) return;
  if (faults.blobStatus !== null) return sendAnswer(response, error(faults.blobStatus, "InternalError"));
  if (faults.redirectLoop) return sendAnswer(response, empty(302, { location: state.url + seen.path }));

  const id = state.blobLinks.artifactOf(url);
  if (id === null) return sendAnswer(response, error(403, "AuthenticationFailed"));
  const artifact = state.repositories.artifact(id);
  if (artifact === null) return sendAnswer(response, error(404, "BlobNotFound"));
  if (faults.endlessBlob) return sendEndlessly(response, "application/zip", artifact.zip);
  const { zip } = artifact;
  const headers = { "content-type": "application/zip", "content-length": String(zip.length) };
  sendAnswer(response, { status: 200, headers, body: zip });
}

/** In the words of the blob store, which speaks XML. */
function error(status: number, code: string) {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}
