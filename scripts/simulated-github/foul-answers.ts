// The foul ways in which the simulated GitHub answers, or does not.
import { type ServerResponse, STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { resetConnection } from "../simulated-fleet/http-answers.ts";
import { type Answer, notForThisIntegration, refusal } from "./answer.ts";
import type { GithubFaults } from "./faults.ts";

/** An answer to send; "suffered": there is nothing left to do; null: nothing is wrong. */
export function sufferFault(faults: GithubFaults, response: ServerResponse): Answer | "suffered" | null {
  if (faults.reset) {
    resetConnection(response);
    return "suffered";
  }
  if (faults.hang) return "suffered";
  if (faults.secondaryLimit !== null) return limited(faults.secondaryLimit);
  if (faults.status !== null) return refusal(faults.status, STATUS_CODES[faults.status] ?? "Unknown");
  if (faults.garbage) return garbage;
  if (faults.hugeJson) {
    sendEndlessly(
      response,
      "application/json; charset=utf-8",
      '{"total_count":1,"artifacts":[],"jobs":[],"padding":["',
    );
    return "suffered";
  }
  return faults.deny === "permissions" ? notForThisIntegration : null;
}

const garbage: Answer = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!DOCTYPE html><html><body>This is not what you asked for.</body></html>",
};

function limited({ retryAfterSeconds, status = 403 }: NonNullable<GithubFaults["secondaryLimit"]>): Answer {
  const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
  return refusal(status, message, { "retry-after": String(retryAfterSeconds) });
}

const chunk = Buffer.alloc(64 * 1024, "x");

/** Until the caller hangs up, without a Content-Length, and only as fast as it is read. */
export function sendEndlessly(response: ServerResponse, contentType: string, start: string | Uint8Array): void {
  function* body(): Generator<string | Uint8Array> {
    yield start;
    for (;;) yield chunk;
  }
  response.writeHead(200, { "content-type": contentType });
  const source = Readable.from(body(), { objectMode: false });
  response.on("close", () => source.destroy());
  source.pipe(response);
}
